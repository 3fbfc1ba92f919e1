#include "mesh/access/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "mesh/access/domain_keys.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

/// Its objects are sorted by key.
using SortedJson = nlohmann::json;

const std::string kFolder = "policies", kKind = "policies";
constexpr std::string_view kRules[] = {"owner", "documentation", "mask", "name", "keep"};

std::string duration_text(int64_t us) {
  std::string text;
  append_duration_literal(text, us);
  return text;
}

SortedJson json_of(const Policy& policy) {
  SortedJson made{{"name", policy.name}, {"require", word_of(policy.rule)}};
  if (!policy.says.empty()) made["says"] = policy.says;
  if (!policy.label.empty()) made["label"] = policy.label;
  if (!policy.pattern.empty()) made["pattern"] = policy.pattern;
  if (policy.most_us) made["most_us"] = *policy.most_us;
  if (!policy.except.empty()) made["except"] = policy.except;
  return made;
}

/// The council as a log leaves it.
std::set<std::string> council_in(const std::vector<SignedRecord>& records) {
  std::set<std::string> council;
  for (const SignedRecord& record : records) {
    const std::vector<std::string> named = words_of(record.of("council"));
    if (!named.empty()) council = {named.begin(), named.end()};
  }
  return council;
}

}  // namespace

std::string_view word_of(PolicyRule rule) {
  return kRules[static_cast<size_t>(rule)];
}

std::optional<PolicyRule> policy_rule_of(std::string_view word) {
  const auto found = std::ranges::find(kRules, word);
  if (found == std::end(kRules)) return std::nullopt;
  return static_cast<PolicyRule>(found - std::begin(kRules));
}

std::string requirement_text(const Policy& policy) {
  switch (policy.rule) {
    case PolicyRule::owner:
      return "each domain names its owner";
    case PolicyRule::documentation:
      return "each product is documented";
    case PolicyRule::mask:
      return "a field with the label #" + policy.label + " is masked for other domains";
    case PolicyRule::name:
      return "names of products are as `" + policy.pattern + "` says";
    case PolicyRule::keep:
      return "rows are kept for at most " + duration_text(policy.most_us.value_or(0));
  }
  BRAID_UNREACHABLE("what a policy asks for");
}

std::string to_json(const std::vector<Policy>& policies) {
  std::vector<Policy> sorted = policies;
  std::ranges::sort(sorted, {}, &Policy::name);
  SortedJson made = SortedJson::array();
  for (const Policy& policy : sorted) made.push_back(json_of(policy));
  return made.dump();
}

Result<std::vector<Policy>> policies_of_json(const std::string& text) {
  try {
    std::vector<Policy> made;
    for (const SortedJson& one : SortedJson::parse(text)) {
      Policy& policy = made.emplace_back();
      policy.name = one.at("name").get<std::string>();
      const std::string rule = one.at("require").get<std::string>();
      // A rule of a later version is not passed over: what it asks for would not be asked for.
      const std::optional<PolicyRule> known = policy_rule_of(rule);
      if (!known)
        return Error{.kind = ErrorKind::input, .message = "this version does not know the rule `" + rule + "`"};
      policy.rule = *known;
      policy.says = one.value("says", std::string());
      policy.label = one.value("label", std::string());
      policy.pattern = one.value("pattern", std::string());
      if (one.contains("most_us")) policy.most_us = one["most_us"].get<int64_t>();
      policy.except = one.value("except", std::vector<std::string>());
    }
    return made;
  } catch (const SortedJson::exception& problem) {
    return Error{.kind = ErrorKind::input, .message = fmt::format("it is not as it must be: {}", problem.what())};
  }
}

Result<std::vector<SignedRecord>> PolicyBook::records() {
  SignedLog log(store_, clock_, kFolder);
  BRAID_ASSIGN(std::vector<SignedRecord> records, log.read());
  std::map<std::string, std::set<std::string>> keys;
  std::vector<SignedRecord> before;
  for (const SignedRecord& record : records) {
    const std::string& domain = record.statement.domain;
    if (!keys.contains(domain)) {
      BRAID_ASSIGN(keys[domain], keys_of(registry_, domain));
      if (keys[domain].empty()) keys[domain] = {record.signer};
    }
    std::string wrong;
    const std::set<std::string> council = council_in(before);
    if (!council.empty() && !council.contains(domain))
      wrong = "the domain `" + domain + "` was not of the council that may state policies";
    if (!keys[domain].contains(record.signer)) wrong = "a key that may not sign for `" + domain + "` has signed it";
    if (!wrong.empty()) {
      const Diagnostic finding = diag::RegistryDamaged{.object = fmt::format("{}, record {}", kFolder, record.sequence),
                                                       .place = store_.place(),
                                                       .reason = wrong}
                                     .make();
      return Error{ErrorKind::input, finding.message, finding.code};
    }
    before.push_back(record);
  }
  return records;
}

Result<std::vector<std::string>> PolicyBook::council() {
  BRAID_ASSIGN(const std::vector<SignedRecord> all, records());
  const std::set<std::string> council = council_in(all);
  return std::vector<std::string>(council.begin(), council.end());
}

Result<std::vector<StatedPolicy>> PolicyBook::all() {
  BRAID_ASSIGN(const std::vector<SignedRecord> all, records());
  std::map<std::string, const SignedRecord*> newest;
  for (const SignedRecord& record : all) newest[record.statement.domain] = &record;
  const std::set<std::string> council = council_in(all);
  std::vector<StatedPolicy> made;
  for (const auto& [domain, record] : newest) {
    if (!council.contains(domain)) continue;
    const Result<std::vector<Policy>> policies = policies_of_json(record->of("policies"));
    if (!policies.ok()) {
      const Diagnostic finding =
          diag::RegistryDamaged{.object = fmt::format("{}, record {}", kFolder, record->sequence),
                                .place = store_.place(),
                                .reason = policies.error().message}
              .make();
      return Error{ErrorKind::input, finding.message, finding.code};
    }
    for (const Policy& policy : *policies)
      made.push_back({.policy = policy, .domain = domain, .time_us = record->time_us});
  }
  return made;
}

Result<bool> PolicyBook::state(const std::string& domain, const std::vector<Policy>& policies,
                               const std::optional<std::vector<std::string>>& council, const std::string& tenant,
                               const DomainKey& key) {
  Statement statement{.tenant = tenant, .domain = domain, .kind = kKind, .body = {{"policies", to_json(policies)}}};
  BRAID_ASSIGN(const std::vector<SignedRecord> now, records());
  std::set<std::string> next = council_in(now);
  if (council) next = {council->begin(), council->end()};
  next.insert(domain);
  statement.body["council"] = fmt::format("{}", fmt::join(next, " "));
  const SignedRecord* mine = nullptr;
  for (const SignedRecord& record : now)
    if (record.statement.domain == domain) mine = &record;
  if (mine != nullptr && mine->of("policies") == statement.body["policies"] && next == council_in(now)) return false;

  SignedLog log(store_, clock_, kFolder);
  const Result<SignedRecord> written =
      log.append(statement, key, [&](const std::vector<SignedRecord>& before) -> Status {
        const std::set<std::string> may = council_in(before);
        if (!may.empty() && !may.contains(domain)) {
          const Diagnostic finding = diag::NotOfTheCouncil{.domain = domain}.make();
          return Error{ErrorKind::usage, finding.message, finding.code};
        }
        BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry_.head(domain));
        std::set<std::string> keys;
        if (newest) keys = {newest->publication.keys.begin(), newest->publication.keys.end()};
        if (keys.empty())
          for (const SignedRecord& record : before)
            if (record.statement.domain == domain && keys.empty()) keys = {record.signer};
        if (keys.empty() || keys.contains(key.public_name())) return {};
        const Diagnostic finding = diag::DomainKeyDiffers{.domain = domain}.make();
        return Error{ErrorKind::usage, finding.message, finding.code};
      });
  if (!written.ok()) return written.error();
  return true;
}

}  // namespace braid::mesh
