#include "mesh/access/access_book.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "mesh/access/domain_keys.h"
#include "mesh/registry/store_errors.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

/// Of two machines that sign for a domain.
constexpr int64_t kClocksDiffer = 10LL * 60 * 1'000'000;
const std::string kFolder = "grants/";
const std::string kRequest = "request", kApproval = "approval", kDenial = "denial", kRevocation = "revocation",
                  kWithdrawal = "withdrawal", kApprovers = "approvers";
constexpr size_t kShortId = 12;

std::optional<int64_t> time_of(const std::string& text) {
  int64_t us = 0;
  if (text.empty() || !parse_timestamp(text, &us)) return std::nullopt;
  return us;
}

/// By name: the key. `privacy=ed25519:… legal=ed25519:…`, as the newest record has it.
std::map<std::string, std::string> approvers_in(const std::vector<SignedRecord>& records) {
  std::map<std::string, std::string> named;
  for (const SignedRecord& record : records) {
    if (record.statement.kind != kApprovers) continue;
    named.clear();
    for (const std::string& word : words_of(record.of("domains"))) {
      const size_t at = std::min(word.find('='), word.size());
      named[word.substr(0, at)] = at < word.size() ? word.substr(at + 1) : std::string();
    }
  }
  return named;
}

AccessEntry entry_of(const SignedRecord& request) {
  AccessEntry made{.id = request.hash, .product = {}, .reader = request.statement.domain, .purpose = {}};
  if (const auto parsed = parse_version_name(request.of("product"))) {
    made.product = parsed->first;
    made.version = parsed->second;
  }
  made.purpose = request.of("purpose");
  made.columns = words_of(request.of("columns"));
  made.role = request.of("role");
  made.asked_us = request.time_us;
  made.asked_until_us = time_of(request.of("until"));
  return made;
}

int rank_of(AccessState state) {
  switch (state) {
    case AccessState::open:
      return 0;
    case AccessState::granted:
    case AccessState::ended:
      return 1;
    case AccessState::denied:
      return 2;
    case AccessState::withdrawn:
      return 3;
    case AccessState::revoked:
      return 4;
  }
  BRAID_UNREACHABLE("the state of a request");
}

/// What one record makes of the entry: the stronger state stays, of equal ones the first; of two grants the shorter.
void apply(const SignedRecord& record, int64_t now_us, AccessEntry& entry) {
  AccessState state = AccessState::open;
  std::optional<int64_t> until;
  if (record.statement.kind == kApproval) {
    until = time_of(record.of("until"));
    state = until && *until <= now_us ? AccessState::ended : AccessState::granted;
  }
  if (record.statement.kind == kDenial) state = AccessState::denied;
  if (record.statement.kind == kRevocation) state = AccessState::revoked;
  if (record.statement.kind == kWithdrawal) state = AccessState::withdrawn;
  const int before = rank_of(entry.state), now = rank_of(state);
  if (now < before || now == 0) return;
  if (now == before && now == 1) {
    if (!until || (entry.until_us && *entry.until_us <= *until)) return;
  } else if (now == before) {
    if (entry.decided_us <= record.time_us) return;
  }
  entry.state = state;
  entry.decided_by = record.statement.domain;
  entry.decided_us = record.time_us;
  entry.because = record.of("because");
  if (until) entry.until_us = until;
}

}  // namespace

std::string_view word_of(AccessState state) {
  constexpr std::string_view kWords[] = {"open", "granted", "ended", "denied", "withdrawn", "revoked"};
  return kWords[static_cast<size_t>(state)];
}

std::string short_id(const std::string& id) {
  return id.substr(0, kShortId);
}

std::string state_text(const AccessEntry& entry) {
  switch (entry.state) {
    case AccessState::open:
      return "is not decided yet";
    case AccessState::granted:
      return entry.until_us ? "is granted until " + timestamp_text(*entry.until_us) : "is granted";
    case AccessState::ended:
      return "ended at " + timestamp_text(*entry.until_us);
    case AccessState::denied:
      return "was denied by `" + entry.decided_by + "`" + (entry.because.empty() ? "" : ": " + entry.because);
    case AccessState::withdrawn:
      return "was withdrawn by `" + entry.reader + "`";
    case AccessState::revoked:
      return "was revoked by `" + entry.decided_by + "`" + (entry.because.empty() ? "" : ": " + entry.because);
  }
  BRAID_UNREACHABLE("the state of a request");
}

const AccessEntry* live_grant(const std::vector<AccessEntry>& entries, const std::string& product, int64_t version) {
  const AccessEntry* best = nullptr;
  for (const AccessEntry& one : entries) {
    if (one.product != product || one.version != version || one.state != AccessState::granted || !one.role.empty())
      continue;
    if (best == nullptr) {
      best = &one;
      continue;
    }
    const bool longer = best->until_us && (!one.until_us || *one.until_us > *best->until_us);
    const bool wider = one.columns.empty() && !best->columns.empty();
    const bool as_wide = one.columns.empty() == best->columns.empty();
    if (wider || (as_wide && longer)) best = &one;
  }
  return best;
}

Result<std::vector<SignedRecord>> AccessBook::records(const std::string& domain, const std::string& known_key,
                                                      const std::string& own_key) {
  SignedLog log(store_, clock_, kFolder + domain);
  BRAID_ASSIGN(std::vector<SignedRecord> records, log.read());
  if (records.empty()) return records;
  std::set<std::string> signers;
  for (const SignedRecord& record : records) signers.insert(record.signer);
  BRAID_ASSIGN(std::set<std::string> keys, own_key.empty() ? keys_of(registry_, domain, known_key, signers)
                                                           : keys_beside(registry_, domain, own_key, signers));
  if (keys.empty()) keys.insert(records.front().signer);
  BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry_.head(domain));
  std::map<std::string, KeyEnd> ends;  // of keys that have signed here and are no longer the domain's
  const auto is_current = [&](const std::string& key) {
    return std::ranges::find(newest->publication.keys, key) != newest->publication.keys.end();
  };
  if (newest && !std::ranges::all_of(signers, is_current)) {
    BRAID_ASSIGN(ends, key_ends(registry_, domain));
  }
  int64_t latest = INT64_MIN;  // a record is behind those before it, whatever time it has
  for (const SignedRecord& record : records) {
    latest = std::max(latest, record.time_us);
    std::string wrong;
    if (record.statement.domain != domain) wrong = "it is of the domain `" + record.statement.domain + "`";
    if (!keys.contains(record.signer)) wrong = "a key that may not sign for the domain has signed it";
    const auto end = ends.find(record.signer);
    if (end != ends.end() && latest > end->second.time_us + kClocksDiffer)
      wrong = fmt::format("its key signs for the domain no more since publication {}", end->second.publication);
    if (!wrong.empty())
      return error_of(ErrorKind::input,
                      diag::RegistryDamaged{.object = fmt::format("{}{}, record {}", kFolder, domain, record.sequence),
                                            .place = store_.place(),
                                            .reason = wrong}
                          .make());
  }
  return records;
}

std::vector<AccessEntry> AccessBook::entries_in(const Logs& logs) const {
  std::map<std::string, std::map<std::string, std::string>> approvers;
  std::map<std::string, AccessEntry> entries;
  for (const auto& [domain, log] : logs) {
    approvers[domain] = approvers_in(log);
    for (const SignedRecord& record : log)
      if (record.statement.kind == kRequest) entries.emplace(record.hash, entry_of(record));
  }
  const int64_t now_us = clock_.now_us();
  for (const auto& [domain, log] : logs)
    for (const SignedRecord& record : log) {
      const auto entry = entries.find(record.of("request"));
      if (entry == entries.end()) continue;
      const std::map<std::string, std::string>& named = approvers[entry->second.owner()];
      const auto approver = named.find(domain);
      const bool decides =
          domain == entry->second.owner() || (approver != named.end() && approver->second == record.signer);
      const bool asked = record.statement.kind == kWithdrawal && domain == entry->second.reader;
      if (asked || (decides && record.statement.kind != kWithdrawal)) apply(record, now_us, entry->second);
    }
  std::vector<AccessEntry> made;
  for (auto& [id, entry] : entries) made.push_back(std::move(entry));
  std::ranges::sort(made, [](const AccessEntry& a, const AccessEntry& b) {
    return std::tie(a.asked_us, a.id) < std::tie(b.asked_us, b.id);
  });
  return made;
}

Result<std::vector<AccessEntry>> AccessBook::all(std::vector<Error>* faults) {
  const Result<std::vector<std::string>> names = store_.list("grants");
  if (!names.ok())
    return error_of(ErrorKind::input,
                    diag::RegistryNotReadable{.place = store_.place(), .reason = names.error().message}.make());
  Logs logs;
  for (const std::string& name : *names) {
    if (!name.ends_with("/head")) continue;
    const std::string domain = name.substr(kFolder.size(), name.size() - kFolder.size() - 5);
    Result<std::vector<SignedRecord>> read = records(domain);
    if (read.ok())
      logs[domain] = std::move(*read);
    else if (faults == nullptr)
      return read.error();
    else
      faults->push_back(read.error());
  }
  return entries_in(logs);
}

Result<std::vector<AccessEntry>> AccessBook::between(const std::string& owner, const std::string& reader,
                                                     const std::string& known_key) {
  Logs logs;
  BRAID_ASSIGN(logs[owner], records(owner, known_key));
  std::set<std::string> others{reader};
  for (const auto& [approver, key] : approvers_in(logs[owner])) others.insert(approver);
  for (const std::string& domain : others)
    if (domain != owner) {
      BRAID_ASSIGN(logs[domain], records(domain));
    }
  std::vector<AccessEntry> entries = entries_in(logs);
  std::erase_if(entries, [&](const AccessEntry& one) { return one.reader != reader || one.owner() != owner; });
  return entries;
}

Result<std::optional<AccessEntry>> AccessBook::grant(const std::string& product, int64_t version,
                                                     const std::string& reader) {
  BRAID_ASSIGN(const std::vector<AccessEntry> entries, between(product.substr(0, product.rfind('.')), reader));
  const AccessEntry* live = live_grant(entries, product, version);
  return live == nullptr ? std::nullopt : std::optional(*live);
}

Result<std::vector<std::string>> AccessBook::heads(const std::set<std::string>& domains) {
  std::vector<std::string> made;
  for (const std::string& domain : domains)
    for (const std::string& folder : {kFolder, std::string("domains/")}) {
      BRAID_ASSIGN(const std::optional<StoredHead> head, store_.read_head(folder + domain + "/head"));
      made.push_back(head ? head->content : std::string());
    }
  return made;
}

Result<SignedRecord> AccessBook::append(const Statement& statement, const DomainKey& key,
                                        const std::function<Status()>& check) {
  SignedLog log(store_, clock_, kFolder + statement.domain);
  return log.append(statement, key, [&](const std::vector<SignedRecord>& before) -> Status {
    // A key that is no longer the domain's signs nothing more.
    BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry_.head(statement.domain));
    std::set<std::string> keys;
    if (newest) keys = {newest->publication.keys.begin(), newest->publication.keys.end()};
    if (!newest && !before.empty()) keys.insert(before.front().signer);
    if (!keys.empty() && !keys.contains(key.public_name()))
      return error_of(ErrorKind::usage, diag::DomainKeyDiffers{.domain = statement.domain}.make());
    return check();
  });
}

Result<AccessEntry> AccessBook::request(const AccessWish& wish, const std::string& tenant, const DomainKey& key) {
  Statement statement{.tenant = tenant,
                      .domain = wish.reader,
                      .kind = kRequest,
                      .body = {{"product", version_name(wish.product, wish.version)}, {"purpose", wish.purpose}}};
  if (wish.until_us) statement.body["until"] = timestamp_text(*wish.until_us);
  if (!wish.columns.empty()) statement.body["columns"] = fmt::format("{}", fmt::join(wish.columns, " "));
  if (!wish.role.empty()) statement.body["role"] = wish.role;
  const std::string owner = wish.product.substr(0, wish.product.rfind('.'));
  const auto unasked = [&]() -> Status {
    BRAID_ASSIGN(const std::vector<AccessEntry> before, between(owner, wish.reader));
    for (const AccessEntry& one : before) {
      if (one.product != wish.product || one.version != wish.version || one.purpose != wish.purpose ||
          one.role != wish.role)
        continue;
      // What it has for some columns is no reason not to ask for more.
      if (one.state == AccessState::granted && one.columns != wish.columns && !one.columns.empty()) continue;
      const std::string name = version_name(wish.product, wish.version);
      if (one.state == AccessState::granted)
        return error_of(
            ErrorKind::usage,
            diag::AlreadyReadable{.reader = wish.reader,
                                  .product = name,
                                  .reason = fmt::format("the request {} {}", short_id(one.id), state_text(one))}
                .make());
      if (one.state == AccessState::open)
        return error_of(ErrorKind::usage,
                        diag::AlreadyAsked{.reader = wish.reader, .product = name, .id = short_id(one.id)}.make());
    }
    return {};
  };
  BRAID_ASSIGN(const SignedRecord record, append(statement, key, unasked));
  return entry_of(record);
}

Status AccessBook::check_decision(const Decision& decision, const std::string& signer, AccessEntry& entry) {
  // A log that is damaged is for its domain to mend, and hinders nobody else.
  std::vector<Error> faults;
  BRAID_ASSIGN(const std::vector<AccessEntry> entries, all(&faults));
  const auto found = std::ranges::find_if(entries, [&](const AccessEntry& one) { return one.id == decision.id; });
  if (found == entries.end()) return error_of(ErrorKind::usage, diag::RequestUnknown{.id = decision.id}.make());
  entry = *found;
  BRAID_ASSIGN(const auto named, approvers(entry.owner()));
  const auto approver = named.find(decision.domain);
  const bool decides = decision.domain == entry.owner() || (approver != named.end() && approver->second == signer) ||
                       (decision.kind == Decision::Kind::revoke && decision.domain == entry.reader);
  if (!decides)
    return error_of(ErrorKind::usage,
                    diag::NotYoursToDecide{.id = short_id(entry.id), .product = entry.product}.make());
  const bool open = entry.state == AccessState::open;
  const bool can = decision.kind == Decision::Kind::revoke ? open || entry.state == AccessState::granted : open;
  if (!can)
    return error_of(ErrorKind::usage,
                    diag::RequestDecided{.id = short_id(entry.id), .state = state_text(entry)}.make());
  return {};
}

Result<AccessEntry> AccessBook::decide(const Decision& decision, const std::string& tenant, const DomainKey& key) {
  AccessEntry entry;
  BRAID_TRY(check_decision(decision, key.public_name(), entry));
  Statement statement{.tenant = tenant, .domain = decision.domain, .kind = {}, .body = {{"request", decision.id}}};
  // Who reads the record alone, as an auditor does, has what it is about.
  statement.body["product"] = version_name(entry.product, entry.version);
  statement.body["reader"] = entry.reader;
  statement.body["purpose"] = entry.purpose;
  if (!entry.columns.empty()) statement.body["columns"] = fmt::format("{}", fmt::join(entry.columns, " "));
  if (!entry.role.empty()) statement.body["role"] = entry.role;
  switch (decision.kind) {
    case Decision::Kind::approve: {
      statement.kind = kApproval;
      const std::optional<int64_t> until = decision.until_us ? decision.until_us : entry.asked_until_us;
      if (until && *until <= clock_.now_us())
        return error_of(ErrorKind::usage, diag::InstantPassed{.instant = timestamp_text(*until)}.make());
      if (until) statement.body["until"] = timestamp_text(*until);
      break;
    }
    case Decision::Kind::deny:
      statement.kind = kDenial;
      break;
    case Decision::Kind::revoke:
      statement.kind = decision.domain == entry.reader ? kWithdrawal : kRevocation;
      break;
  }
  if (!decision.because.empty()) statement.body["because"] = decision.because;
  BRAID_ASSIGN(const SignedRecord record,
               append(statement, key, [&] { return check_decision(decision, key.public_name(), entry); }));
  apply(record, clock_.now_us(), entry);
  return entry;
}

Result<std::map<std::string, std::string>> AccessBook::approvers(const std::string& owner, const std::string& own_key) {
  BRAID_ASSIGN(const std::vector<SignedRecord> own, records(owner, {}, own_key));
  return approvers_in(own);
}

Status AccessBook::name_approvers(const std::string& owner, const std::map<std::string, std::string>& named,
                                  const std::string& tenant, const DomainKey& key) {
  BRAID_ASSIGN(const auto before, approvers(owner, key.public_name()));
  if (before == named) return {};
  std::string domains;
  for (const auto& [domain, their_key] : named) domains += (domains.empty() ? "" : " ") + domain + "=" + their_key;
  const Statement statement{.tenant = tenant, .domain = owner, .kind = kApprovers, .body = {{"domains", domains}}};
  const Result<SignedRecord> written = append(statement, key, [] { return Status(); });
  return written.ok() ? Status() : Status(written.error());
}

Status AccessBook::check_first_key(const std::string& domain, const DomainKey& key) {
  BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry_.head(domain));
  if (newest) return {};  // the chain says whose it is
  SignedLog log(store_, clock_, kFolder + domain);
  BRAID_ASSIGN(const std::vector<SignedRecord> before, log.read());
  if (!before.empty() && before.front().signer != key.public_name())
    return error_of(ErrorKind::usage, diag::DomainKeyDiffers{.domain = domain}.make());
  return {};
}

}  // namespace braid::mesh
