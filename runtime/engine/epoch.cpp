#include "runtime/engine/epoch.h"

#include "runtime/base/rng.h"
#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

constexpr uint16_t kLayout = 1;

void append_content(const EpochRecord& record, WireWriter& out) {
  out.fixed(record.program);
  out.fixed(record.tables);
  out.fixed(static_cast<uint32_t>(record.events.size()));
  for (const EpochEvent& event : record.events) {
    out.fixed(event.kind);
    if (event.has_partition()) {
      out.fixed(event.source);
      out.fixed(event.partition);
    }
    if (event.has_end()) out.fixed(event.end);
    if (event.has_name()) out.text(event.name);
  }
  out.fixed(record.input_digest);
  out.fixed(static_cast<uint32_t>(record.outputs.size()));
  for (const EpochOutput& output : record.outputs) {
    out.text(output.name);
    out.fixed(output.rows);
    out.fixed(output.digest);
  }
  if (record.attempt != 0 || record.answers != 0) out.fixed(record.attempt);
  if (record.answers != 0) out.fixed(record.answers);
}

}  // namespace

std::string EpochRecord::encode() const {
  WireWriter out;
  out.fixed(kLayout);
  out.fixed(before.epoch + 1);
  out.fixed(before.digest);
  out.fixed(clock);
  append_content(*this, out);
  return out.take();
}

Result<EpochRecord> EpochRecord::decode(std::string_view bytes) {
  WireReader in(bytes);
  EpochRecord record;
  const bool known = in.fixed<uint16_t>() == kLayout;
  record.before.epoch = in.fixed<uint64_t>() - 1;
  record.before.digest = in.fixed<uint64_t>();
  record.clock = in.fixed<int64_t>();
  record.program = in.fixed<uint64_t>();
  record.tables = in.fixed<uint64_t>();
  for (uint32_t left = in.fixed<uint32_t>(); left > 0 && !in.failed(); --left) {
    EpochEvent& event = record.events.emplace_back();
    event.kind = in.fixed<EpochEvent::Kind>();
    if (event.has_partition()) {
      event.source = in.fixed<uint32_t>();
      event.partition = in.fixed<uint32_t>();
    }
    if (event.has_end()) event.end = in.fixed<int64_t>();
    if (event.has_name()) event.name = in.text();
  }
  record.input_digest = in.fixed<uint64_t>();
  for (uint32_t left = in.fixed<uint32_t>(); left > 0 && !in.failed(); --left) {
    EpochOutput& output = record.outputs.emplace_back();
    output.name = in.text();
    output.rows = in.fixed<uint64_t>();
    output.digest = in.fixed<uint64_t>();
  }
  if (!in.failed() && !in.at_end()) record.attempt = in.fixed<uint64_t>();
  if (!in.failed() && !in.at_end()) record.answers = in.fixed<uint64_t>();
  if (!known || in.failed() || !in.at_end())
    return Error{ErrorKind::store, "the record of an epoch cannot be read", 8002, 0};
  return record;
}

uint64_t digest_of_answers(std::string_view answers) {
  return answers.empty() ? 0 : key_hash(answers) | 1;
}

EpochChain EpochRecord::after() const {
  WireWriter content;
  append_content(*this, content);
  return {before.epoch + 1, hash_mix(hash_mix(before.digest, input_digest), key_hash(content.bytes()))};
}

}  // namespace braid
