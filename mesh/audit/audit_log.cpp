#include "mesh/audit/audit_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "mesh/registry/content_hash.h"
#include "mesh/registry/registry.h"
#include "mesh/registry/signed_json.h"
#include "mesh/registry/store_errors.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

constexpr int64_t kPauseUs = 20'000, kPatienceUs = 30'000'000;

SortedJson unsigned_head(const AuditHead& head, const std::string& source) {
  SortedJson made{{"sequence", head.sequence}, {"hash", head.hash}, {"signer", head.signer}, {"source", source}};
  if (!head.marks.empty()) made["marks"] = head.marks;
  return made;
}

std::string signed_head(AuditHead head, const std::string& source, const DomainKey& key) {
  head.signer = key.public_name();
  return sign_json(unsigned_head(head, source), key);
}

std::string source_of(const std::string& tenant, const std::string& node) {
  return fmt::format("urn:braid:{}:{}", tenant, node);
}

}  // namespace

Result<AuditHead> read_audit_head(const std::string& text, const std::string& source) {
  const auto wrong = [](std::string what) { return Error{.kind = ErrorKind::input, .message = std::move(what)}; };
  BRAID_ASSIGN(const SignedJson read, read_signed_json(text));
  try {
    AuditHead head{.sequence = read.json.at("sequence").get<int64_t>(),
                   .hash = read.json.at("hash").get<std::string>(),
                   .signer = read.json.at("signer").get<std::string>()};
    if (read.json.contains("marks")) head.marks = read.json["marks"].get<std::map<std::string, int64_t>>();
    if (unsigned_head(head, source) != read.json) return wrong("it is the head of another log");
    if (!read.is_signed_by(head.signer)) return wrong("its signature is wrong");
    return head;
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  }
}

std::string source_in_head(const std::string& text, const std::string& node) {
  const SortedJson head = SortedJson::parse(text, nullptr, false);
  if (!head.is_object() || !head.contains("source") || !head["source"].is_string()) return {};
  std::string source = head["source"].get<std::string>();
  const std::string before = "urn:braid:", behind = ":" + node;
  const bool whole =
      source.starts_with(before) && source.ends_with(behind) && source.size() > before.size() + behind.size();
  return whole ? source : std::string();
}

std::string audit_event_name(int64_t sequence, const std::string& hash) {
  return fmt::format("{:012}-{}.json", sequence, hash);
}

std::string AuditLog::name_of(int64_t sequence, const std::string& hash) const {
  return folder() + "/" + audit_event_name(sequence, hash);
}

Status AuditLog::append(const std::vector<AuditEvent>& events, const DomainKey& key) {
  if (events.empty()) return {};
  return append_behind([&](const AuditHead*) -> Result<AuditAddition> { return AuditAddition{.events = events}; }, key);
}

Status AuditLog::append_behind(const std::function<Result<AuditAddition>(const AuditHead*)>& make,
                               const DomainKey& key) {
  const int64_t began = clock_.steady_us();
  while (true) {
    BRAID_ASSIGN(const bool done, try_append(make, key));
    if (done) return {};
    const int64_t waited = clock_.steady_us() - began;
    if (waited > kPatienceUs) {
      const Diagnostic finding = diag::RegistryBusy{.place = store_.place(), .seconds = waited / 1'000'000}.make();
      return Error{ErrorKind::output, finding.message, finding.code, 0};
    }
    clock_.sleep_us(kPauseUs);
  }
}

Result<bool> AuditLog::try_append(const std::function<Result<AuditAddition>(const AuditHead*)>& make,
                                  const DomainKey& key) {
  const std::string source = source_of(tenant_, node_);
  BRAID_ASSIGN(const std::optional<StoredHead> stored, store_.read_head(head_name()));
  AuditHead head;
  if (stored) {
    Result<AuditHead> read = read_audit_head(stored->content, source);
    if (!read) return damaged(store_, head_name(), read.error().message);
    head = *read;
  }
  BRAID_ASSIGN(const AuditAddition added, make(stored ? &head : nullptr));
  if (added.events.empty()) return true;
  BRAID_TRY(check_key(key));
  for (const AuditEvent& event : added.events) {
    const std::string text = to_json({source, ++head.sequence, head.hash, event});
    head.hash = content_hash(text);
    BRAID_ASSIGN([[maybe_unused]] const bool written, store_.put_if_absent(name_of(head.sequence, head.hash), text));
  }
  // Who has looked at another log before somebody else did takes nothing back that is on record.
  for (const auto& [log, mark] : added.marks) {
    const auto [known, fresh] = head.marks.try_emplace(log, mark);
    if (!fresh) known->second = std::max(known->second, mark);
  }
  BRAID_ASSIGN(const bool swapped, store_.swap_head(head_name(), stored ? std::optional(stored->etag) : std::nullopt,
                                                    signed_head(head, source, key)));
  return swapped ? Result<bool>(true) : has(head.sequence, head.hash);
}

/// A key that is no longer the domain's signs nothing more, as a job that runs on with it would. Whether another one
/// may sign is asked of who reads.
Status AuditLog::check_key(const DomainKey& key) {
  if (!is_domain_name(node_)) return {};
  Registry registry(store_, clock_);
  const auto has = [&key](const StoredPublication& publication) {
    const std::vector<std::string>& keys = publication.publication.keys;
    return std::ranges::find(keys, key.public_name()) != keys.end();
  };
  BRAID_ASSIGN(const std::optional<StoredPublication> newest, registry.head(node_));
  if (!newest || has(*newest)) return {};
  BRAID_ASSIGN(const std::vector<StoredPublication> chain, registry.chain(node_));
  if (std::ranges::none_of(chain, has)) return {};
  return error_of(ErrorKind::usage, diag::DomainKeyDiffers{.domain = node_}.make());
}

Result<bool> AuditLog::has(int64_t sequence, const std::string& hash) {
  bool found = false;
  BRAID_TRY(read_back([&](const ChainedEvent& event) {
    if (event.sequence == sequence) found = content_hash(to_json(event)) == hash;
    return event.sequence > sequence;
  }));
  return found;
}

std::string AuditLog::read_link(int64_t sequence, const std::string& hash, ChainedEvent& event) {
  const Result<std::optional<std::string>> text = store_.read(name_of(sequence, hash));
  if (!text) return text.error().message;
  if (!*text) return "the event is missing";
  if (content_hash(**text) != hash) return "the event was altered";
  const Result<ChainedEvent> read = read_event(**text);
  if (!read) return read.error().message;
  if (read->sequence != sequence) return "the event has another number";
  if (read->source != source_of(tenant_, node_)) return "the event is of another log";
  if (read->previous.empty() != (sequence == 1))
    return sequence == 1 ? "an event is missing before it" : "the events before it are cut off";
  event = *read;
  return {};
}

/// From the head back to the first event.
void AuditLog::check_chain(const AuditHead& head, AuditCheck& check) {
  std::string hash = head.hash;
  for (int64_t sequence = head.sequence; sequence > 0; --sequence) {
    ChainedEvent event;
    if (std::string fault = read_link(sequence, hash, event); !fault.empty())
      return check.faults.push_back({sequence, std::move(fault)});
    check.hashes.push_back(hash);
    hash = event.previous;
    check.events.push_back(std::move(event));
  }
}

Status AuditLog::read_back(const std::function<bool(const ChainedEvent&)>& visit) {
  BRAID_ASSIGN(const std::optional<StoredHead> stored, store_.read_head(head_name()));
  if (!stored) return {};
  const Result<AuditHead> head = read_audit_head(stored->content, source_of(tenant_, node_));
  if (!head.ok()) return damaged(store_, head_name(), head.error().message);
  std::string hash = head->hash;
  for (int64_t sequence = head->sequence; sequence > 0; --sequence) {
    ChainedEvent event;
    if (const std::string fault = read_link(sequence, hash, event); !fault.empty())
      return damaged(store_, fmt::format("{}, event {}", folder(), sequence), fault);
    if (!visit(event)) return {};
    hash = event.previous;
  }
  return {};
}

Result<AuditCheck> AuditLog::verify(const std::set<std::string>& keys, const std::vector<std::string>& known) {
  BRAID_ASSIGN(AuditCheck check, verify_chain(keys));
  for (const std::string& hash : known)
    if (std::ranges::find(check.hashes, hash) == check.hashes.end())
      check.faults.push_back({0, fmt::format("the event {} is not in the log", hash)});
  return check;
}

Result<AuditCheck> AuditLog::verify_chain(const std::set<std::string>& keys) {
  AuditCheck check;
  BRAID_ASSIGN(const std::optional<StoredHead> stored, store_.read_head(head_name()));
  BRAID_ASSIGN(const std::vector<std::string> files, store_.list(folder()));
  if (!stored) {
    if (!files.empty()) check.faults.push_back({0, "there are events and no head"});
    return check;
  }
  const Result<AuditHead> head = read_audit_head(stored->content, source_of(tenant_, node_));
  if (!head) {
    check.faults.push_back({0, "of the head: " + head.error().message});
    return check;
  }
  check.head = *head;
  if (!keys.empty() && !keys.contains(head->signer))
    check.faults.push_back({0, "a key that may not sign has signed the head"});
  check_chain(*head, check);
  std::reverse(check.events.begin(), check.events.end());
  std::reverse(check.hashes.begin(), check.hashes.end());
  return check;
}

Result<std::vector<ChainedEvent>> AuditLog::read() {
  BRAID_ASSIGN(AuditCheck check, verify({}));
  if (!check.faults.empty())
    return damaged(store_, fmt::format("{}, event {}", folder(), check.faults.front().sequence),
                   check.faults.front().what);
  return std::move(check.events);
}

Result<std::string> AuditLog::tenant_in(ObjectStore& store, const std::string& node) {
  BRAID_ASSIGN(const std::optional<StoredHead> stored, store.read_head("audit/" + node + "/head"));
  if (!stored) return std::string();
  const std::string source = source_in_head(stored->content, node);
  const std::string before = "urn:braid:", behind = ":" + node;
  return source.empty() ? source : source.substr(before.size(), source.size() - before.size() - behind.size());
}

Result<std::vector<std::string>> AuditLog::nodes(ObjectStore& store) {
  BRAID_ASSIGN(const std::vector<std::string> files, store.list("audit"));
  std::set<std::string> nodes;
  for (const std::string& file : files) {
    const size_t begin = std::string_view("audit/").size();
    const size_t end = file.find('/', begin);
    if (end != std::string::npos) nodes.insert(file.substr(begin, end - begin));
  }
  return std::vector<std::string>(nodes.begin(), nodes.end());
}

}  // namespace braid::mesh
