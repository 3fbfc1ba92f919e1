#include "mesh/access/signed_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "mesh/registry/content_hash.h"
#include "mesh/registry/signed_json.h"
#include "mesh/registry/store_errors.h"
#include "runtime/data/time_text.h"
#include "runtime/report/registry_findings.h"

namespace braid::mesh {
namespace {

/// Of the JSON form. A change that old readers would misread raises it.
constexpr int64_t kFormat = 1;
constexpr int64_t kPauseUs = 20'000, kPatienceUs = 30'000'000;
/// A longer log does not come about by honest use.
constexpr int64_t kLongestLog = 1'000'000;

SortedJson unsigned_json(const SignedRecord& record) {
  std::string time = timestamp_text(record.time_us);
  SortedJson made{{"record", kFormat},
                  {"sequence", record.sequence},
                  {"time", time},
                  {"tenant", record.statement.tenant},
                  {"domain", record.statement.domain},
                  {"kind", record.statement.kind},
                  {"body", record.statement.body},
                  {"signer", record.signer}};
  if (!record.previous.empty()) made["previous"] = record.previous;
  return made;
}

/// Throws what the library throws, or invalid_argument; read_signed_record is the only place that catches.
SignedRecord of_json(const SortedJson& json) {
  if (json.at("record").get<int64_t>() != kFormat)
    throw std::invalid_argument(fmt::format("its format is not {}", kFormat));
  SignedRecord made;
  made.sequence = json.at("sequence").get<int64_t>();
  if (!parse_timestamp(json.at("time").get_ref<const std::string&>(), &made.time_us))
    throw std::invalid_argument("its time cannot be read");
  made.statement = {.tenant = json.at("tenant").get<std::string>(),
                    .domain = json.at("domain").get<std::string>(),
                    .kind = json.at("kind").get<std::string>(),
                    .body = json.at("body").get<std::map<std::string, std::string>>()};
  made.signer = json.at("signer").get<std::string>();
  if (json.contains("previous")) made.previous = json["previous"].get<std::string>();
  return made;
}

}  // namespace

const std::string& SignedRecord::of(const std::string& member) const {
  static const std::string kNone;
  const auto found = statement.body.find(member);
  return found == statement.body.end() ? kNone : found->second;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string signed_json(const SignedRecord& record, const DomainKey& key) {
  SignedRecord named = record;
  named.signer = key.public_name();
  return sign_json(unsigned_json(named), key);
}

Result<SignedRecord> read_signed_record(const std::string& text) {
  const auto wrong = [](std::string what) { return Error{.kind = ErrorKind::input, .message = std::move(what)}; };
  BRAID_ASSIGN(const SignedJson read, read_signed_json(text));
  try {
    SignedRecord made = of_json(read.json);
    if (unsigned_json(made) != read.json) return wrong("it has members that are not known");
    if (!read.is_signed_by(made.signer)) return wrong("its signature is wrong");
    made.hash = content_hash(text);
    return made;
  } catch (const SortedJson::exception& problem) {
    return wrong(fmt::format("it is not as it must be: {}", problem.what()));
  } catch (const std::invalid_argument& problem) {
    return wrong(problem.what());
  }
}

std::string SignedLog::name_of(int64_t sequence, const std::string& hash) const {
  return fmt::format("{}/{:012}-{}.json", folder_, sequence, hash);
}

Result<std::vector<SignedRecord>> SignedLog::read() {
  const Result<std::optional<StoredHead>> head = store_.read_head(head_name());
  if (!head.ok()) return unreadable(store_, head.error());
  if (!*head) return std::vector<SignedRecord>();
  return read_from((*head)->content);
}

/// The head is `<sequence> <hash>` and a line end: the names of records have both.
Result<std::vector<SignedRecord>> SignedLog::read_from(const std::string& head) {
  const size_t blank = head.find(' ');
  int64_t sequence = 0;
  std::string hash;
  if (blank != std::string::npos && blank <= 12 && head.ends_with('\n') &&
      std::all_of(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(blank),
                  [](char c) { return c >= '0' && c <= '9'; })) {
    for (size_t i = 0; i < blank; ++i) sequence = sequence * 10 + (head[i] - '0');
    hash = head.substr(blank + 1, head.size() - blank - 2);
  }
  if (sequence < 1 || sequence > kLongestLog || !is_content_hash(hash))
    return damaged(store_, head_name(), "it does not name a record");
  std::vector<SignedRecord> records;
  for (; sequence > 0; --sequence) {
    const std::string name = name_of(sequence, hash);
    const Result<std::optional<std::string>> text = store_.read(name);
    if (!text.ok()) return unreadable(store_, text.error());
    if (!*text) return damaged(store_, name, "it is missing");
    if (content_hash(**text) != hash) return damaged(store_, name, "its content has another SHA-256");
    Result<SignedRecord> record = read_signed_record(**text);
    if (!record.ok()) return damaged(store_, name, record.error().message);
    if (record->sequence != sequence) return damaged(store_, name, "it has another number");
    if (record->previous.empty() != (sequence == 1))
      return damaged(store_, name, sequence == 1 ? "a record is missing before it" : "the records before it are gone");
    hash = record->previous;
    records.push_back(std::move(*record));
  }
  std::reverse(records.begin(), records.end());
  return records;
}

Result<SignedRecord> SignedLog::append(const Statement& statement, const DomainKey& key,
                                       const std::function<Status(const std::vector<SignedRecord>&)>& check) {
  const int64_t began = clock_.steady_us();
  while (true) {
    const Result<std::optional<StoredHead>> head = store_.read_head(head_name());
    if (!head.ok()) return unreadable(store_, head.error());
    std::vector<SignedRecord> before;
    if (*head) {
      BRAID_ASSIGN(before, read_from((*head)->content));
    }
    BRAID_TRY(check(before));
    SignedRecord record{.sequence = static_cast<int64_t>(before.size()) + 1,
                        .time_us = clock_.now_us(),
                        .statement = statement,
                        .signer = key.public_name()};
    if (!before.empty()) record.previous = before.back().hash;
    const std::string text = signed_json(record, key);
    record.hash = content_hash(text);
    if (const auto put = store_.put_if_absent(name_of(record.sequence, record.hash), text); !put.ok())
      return unwritable(store_, put.error());
    const Result<bool> swapped = store_.swap_head(head_name(), *head ? std::optional((*head)->etag) : std::nullopt,
                                                  fmt::format("{} {}\n", record.sequence, record.hash));
    if (!swapped.ok()) return unwritable(store_, swapped.error());
    if (*swapped) return record;
    // Its answer may have been lost, and another writer have come since.
    BRAID_ASSIGN(const std::vector<SignedRecord> now, read());
    if (now.size() > before.size() && now[before.size()].hash == record.hash) return record;
    const int64_t waited = clock_.steady_us() - began;
    if (waited > kPatienceUs)
      return error_of(ErrorKind::output,
                      diag::RegistryBusy{.place = store_.place(), .seconds = waited / 1'000'000}.make());
    clock_.sleep_us(kPauseUs);
  }
}

}  // namespace braid::mesh
