#include "runtime/lookup/answer_reader.h"

#include <algorithm>

#include "runtime/codec/fault_report.h"

namespace braid {
namespace {

constexpr uint16_t kLayout = 1;

/// The decoder speaks of records.
Error wrong(std::string reason) {
  constexpr std::string_view kRecord = "the record", kAnswer = "the answer";
  for (size_t at = reason.find(kRecord); at != std::string::npos; at = reason.find(kRecord, at + kAnswer.size()))
    reason.replace(at, kRecord.size(), kAnswer);
  return {ErrorKind::input, std::move(reason), 0, 0};
}

}  // namespace

AnswerReader::AnswerReader(const ServiceSpec& spec) : layout_(spec.result, kLayout) {
  for (const Field& field : spec.result)
    plan_.fields.push_back({.name = field.name, .path = {field.name}, .type = field.type});
  plan_.patterns = false;
}

Result<std::string> AnswerReader::read(std::string_view record) {
  if (record.size() > kMaxRecordBytes) return wrong("the answer is longer than 1 MiB");
  // A record is a line. In JSON, line ends are nothing but white space.
  line_.assign(record);
  std::replace(line_.begin(), line_.end(), '\n', ' ');
  std::replace(line_.begin(), line_.end(), '\r', ' ');
  line_ += '\n';
  arena_.reset();
  const std::unique_ptr<Decoder> decoder = make_decoder(plan_);
  const DecodedTurn turn = decoder->decode({.bytes = line_}, arena_);
  if (!turn.rejected.empty()) return wrong(turn.rejected.front().diagnostic.message);
  const auto with_rows =
      std::find_if(turn.blocks.begin(), turn.blocks.end(), [](const Block& b) { return b.rows > 0; });
  if (with_rows == turn.blocks.end()) return wrong("the answer is empty");
  const Block& block = *with_rows;
  std::vector<Slot> slots;
  size_t column = 0;
  for (const DecodeField& field : plan_.fields) {
    const auto fault = static_cast<ConversionFault>(block.columns[column++].as<uint8_t>()[0]);
    if (fault != ConversionFault::none)
      return wrong(describe_fault(plan_, field, fault, block.record_of(0).bytes.view()).message);
    for (size_t leaves = leaf_count(field.type); leaves > 0; --leaves)
      slots.push_back(read_slot(block.columns[column++], 0));
  }
  std::string row;
  layout_.encode(slots.data(), row);
  return row;
}

}  // namespace braid
