#include "runtime/connect/topic_turn.h"

#include <algorithm>
#include <cstring>

#include "runtime/codec/json_members.h"
#include "runtime/codec/schema_framing.h"

namespace braid {
namespace {

/// Lines that no decoder takes for a record.
constexpr std::string_view kAbsent = "null", kEmpty = "\"\"";

bool is_blank(std::string_view value) {
  return value.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::optional<std::string_view> header_of(const BrokerRecord& record, std::string_view name) {
  for (const RecordHeader& header : record.headers)
    if (header.name == name) return header.value;
  return std::nullopt;
}

void append_fixed(std::string& out, uint64_t number, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

}  // namespace

void TopicTurn::begin() {
  used_ = 0;
  given_.clear();
  places_.clear();
  originals_.clear();
  headers_.clear();
}

size_t TopicTurn::size_of(const BrokerRecord& record) const {
  const size_t key = form_.deletes && !record.value ? record.key.value_or("").size() + 64 : 0;
  return (record.value ? std::max(record.value->size(), kAbsent.size()) : kAbsent.size()) + key;
}

std::optional<SchemaId> TopicTurn::schema_of(const TopicForm& form, const BrokerRecord& record) {
  if (form.schemas == nullptr) return std::nullopt;
  auto named = [&](std::string_view bytes, std::string_view header) -> std::optional<SchemaId> {
    std::string reason;
    const auto found = read_framing(bytes, header_of(record, header), form.language, reason);
    return found ? std::optional(found->framing.id) : std::nullopt;
  };
  if (record.value) {
    const bool bare = record.value->empty() && (!form.empty_values || !header_of(record, kValueSchemaHeader));
    return bare ? std::nullopt : named(*record.value, kValueSchemaHeader);
  }
  // A record without a value that stands behind a change says nothing, so nothing waits for the schema of its key.
  if (form.changes || !form.deletes || !record.key || !is_framed_key(*record.key, header_of(record, kKeySchemaHeader)))
    return std::nullopt;
  return named(*record.key, kKeySchemaHeader);
}

void TopicTurn::append(const BrokerRecord& record, TurnBuffer& buffer) {
  GivenRecord& given = given_.emplace_back();
  given.position = record.offset;
  if (record.timestamp_ms >= 0) given.time_us = record.timestamp_ms * 1000;
  if (record.append_time && record.timestamp_ms >= 0) given.appended_us = record.timestamp_ms * 1000;
  if (form_.headers && !record.headers.empty()) keep_headers(record, given);
  if (form_.verbatim) return append_verbatim(record, buffer);
  if (!record.value)
    given.kind = GivenRecord::Kind::absent;
  else if (form_.messages ? record.value->empty() && !form_.empty_values : is_blank(*record.value))
    given.kind = GivenRecord::Kind::empty;
  if (form_.messages)
    append_framed(record, given, buffer);
  else
    append_line(record, given, buffer);
}

void TopicTurn::append_verbatim(const BrokerRecord& record, TurnBuffer& buffer) {
  const std::string_view value = record.value.value_or("");
  std::memcpy(buffer.reserve(std::max(kTurnBytes, used_ + value.size() + 1)) + used_, value.data(), value.size());
  places_.push_back({used_, used_ + value.size()});
  used_ += value.size();
}

void TopicTurn::keep_key(const BrokerRecord& record, GivenRecord& given) {
  if (!form_.deletes || record.value || !record.key) return;
  given.key = keep(*record.key);
  given.time_us = record.timestamp_ms * 1000;  // as it is in the turn's bytes
  if (const auto header = header_of(record, kKeySchemaHeader)) given.key_framing = keep(*header);
}

void TopicTurn::keep_headers(const BrokerRecord& record, GivenRecord& given) {
  std::vector<GivenHeader>& kept = headers_.emplace_back();
  for (const RecordHeader& header : record.headers)
    kept.push_back({keep(header.name), keep(header.value.value_or(""))});
  given.headers = kept;
}

void TopicTurn::append_line(const BrokerRecord& record, GivenRecord& given, TurnBuffer& buffer) {
  std::string made;
  std::string_view line;
  switch (given.kind) {
    case GivenRecord::Kind::absent:
      keep_key(record, given);
      line = kAbsent;
      if (!given.key) break;
      made = std::string(kAbsent) + ' ' + std::to_string(given.time_us) + ' ' + std::string(*given.key);
      std::replace(made.begin(), made.end(), '\n', '\r');
      line = made;
      break;
    case GivenRecord::Kind::empty:
      line = kEmpty;
      break;
    case GivenRecord::Kind::value:
      line = record.value->substr(0, kMaxRecordBytes);
      if (form_.changes) line = payload_of(line);
      break;
  }
  char* const text = buffer.reserve(std::max(kTurnBytes, used_ + line.size() + 1)) + used_;
  std::memcpy(text, line.data(), line.size());
  text[line.size()] = '\n';
  if (given.kind == GivenRecord::Kind::empty) given.bytes = keep(record.value->substr(0, kMaxRecordBytes));
  if (given.kind == GivenRecord::Kind::value && line.find('\n') != std::string_view::npos) {
    std::replace(text, text + line.size(), '\n', '\r');
    given.bytes = keep(line);
  }
  places_.push_back({used_, used_ + line.size()});
  used_ += line.size() + 1;
}

void TopicTurn::append_framed(const BrokerRecord& record, GivenRecord& given, TurnBuffer& buffer) {
  std::string_view value = record.value.value_or("").substr(0, kMaxRecordBytes);
  const std::string_view framing = form_.schemas == nullptr || given.kind != GivenRecord::Kind::value
                                       ? std::string_view()
                                       : header_of(record, kValueSchemaHeader).value_or("");
  std::string made;
  given.framing = framing.size();
  append_fixed(made, framing.size(), 4);
  append_fixed(made, framing.size() + value.size(), 4);
  made += framing;
  keep_key(record, given);
  if (given.key) {
    append_fixed(made, static_cast<uint64_t>(given.time_us), 8);
    made += given.key_framing.value_or("");
    made += *given.key;
  }
  char* const to = buffer.reserve(std::max(kTurnBytes, used_ + made.size() + value.size())) + used_;
  std::memcpy(to, made.data(), made.size());
  std::memcpy(to + made.size(), value.data(), value.size());
  const size_t begin = used_ + 8;
  places_.push_back({begin, given.key ? begin : begin + framing.size() + value.size()});
  used_ += made.size() + value.size();
}

void TopicTurn::finish(TurnBuffer& buffer, SourceTurn& turn) {
  turn.bytes = {buffer.reserve(0), used_};
  for (size_t i = 0; i < given_.size(); ++i)
    if (given_[i].kind == GivenRecord::Kind::value && given_[i].bytes.empty())
      given_[i].bytes = turn.bytes.substr(places_[i].begin, places_[i].end - places_[i].begin);
  turn.given = given_;
}

}  // namespace braid
