#include "runtime/operators/table_lookup.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/base/check.h"

namespace braid {
namespace {

/// The arguments and the key of the table: what stands behind the row, before the mark.
std::vector<int> key_fields(const std::vector<Field>& row, const LookupOperator& lookup) {
  std::vector<int> fields(static_cast<size_t>(lookup.arguments + lookup.keys));
  std::iota(fields.begin(), fields.end(), static_cast<int>(row.size()) - 1 - lookup.arguments - lookup.keys);
  return fields;
}

}  // namespace

TableLookupNode::TableLookupNode(const Services& services)
    : LookupNode(services),
      key_(input_row(0), key_fields(input_row(0), content_), KeyFormat::Nulls::group),
      values_(*this),
      rows_(table(0), table(1), key_, services, values_, pool_) {}

void TableLookupNode::Answers::store(char* value, WireWriter& out, const PutPart&) {
  const auto& kept = *reinterpret_cast<const Kept*>(value);
  out.fixed(kept.rows);
  out.fixed(static_cast<uint8_t>(kept.kind));
  out.text(kept.answer.view());
}

bool TableLookupNode::Answers::load(WireReader& in, char* value) {
  auto& kept = *reinterpret_cast<Kept*>(value);
  kept.rows = in.fixed<uint32_t>();
  kept.kind = in.fixed<uint8_t>();
  const std::string_view answer = in.text();
  if (in.failed() || kept.rows == 0 || kept.kind > static_cast<uint32_t>(Answer::Kind::failed)) return false;
  const RowLayout& layout = node_.services_.lookups->layout(node_.content_.service);
  if (static_cast<Answer::Kind>(kept.kind) == Answer::Kind::found && !layout.well_formed(answer)) return false;
  if (!answer.empty()) kept.answer = node_.pool_.copy(answer);
  return true;
}

void TableLookupNode::Answers::end(char* value) {
  auto& kept = *reinterpret_cast<Kept*>(value);
  if (kept.answer.data != nullptr) node_.pool_.release_later(kept.answer);
  kept.answer = {nullptr, 0};
}

void TableLookupNode::forget_ended() {
  std::sort(ended_.begin(), ended_.end());
  ended_.erase(std::unique(ended_.begin(), ended_.end()), ended_.end());
  for (const RowHandle at : ended_)
    if (kept(at).rows == 0) rows_.erase(at);
  ended_.clear();
}

bool TableLookupNode::give(const Block& block, std::span<Given> given) {
  if (std::exchange(turn_, services_.turn) != services_.turn) forget_ended();
  const KeyBlock keys = key_.encode(block, arena());
  note(rows_.warm(keys, block.rows));
  const auto* goes = block.columns.back().as<uint8_t>();
  std::vector<Question> questions;
  std::vector<uint32_t> question_of_row(block.rows, 0);
  std::vector<RowHandle> asking;
  Question question;
  for (uint32_t row = 0; row < block.rows; ++row) {
    bool added = false;
    const RowHandle at = rows_.find_or_add(keys.hashes[row], keys.keys[row].view(), &added);
    Kept& now = kept(at);
    rows_.change(at);
    if (goes[row] == 0 && now.rows++ == 0 && (added || now.kind == kNeverAsked)) {
      now.kind = static_cast<uint32_t>(Answer::Kind::nothing);
      now.question = 0;
      if (question_of(block, row, question)) {
        questions.push_back(question);
        now.question = static_cast<uint32_t>(questions.size());
        asking.push_back(at);
      }
    }
    const bool came = now.rows > 0;
    given[row].kind = came ? static_cast<Answer::Kind>(now.kind) : Answer::Kind::failed;
    given[row].content = now.answer.view();
    question_of_row[row] = came ? now.question : 0;
    if (goes[row] == 0) continue;
    // A row goes that never came, where the step began empty: it leaves.
    if (came) --now.rows;
    if (now.rows == 0) ended_.push_back(at);
    if (added) now.kind = kNeverAsked;
  }
  const auto answers = services_.lookups->ask(services_.turn, content_.service, questions);
  if (!answers.ok()) {
    note(answers.error());
    return false;
  }
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (question_of_row[row] == 0) continue;
    const Answer& answer = *(*answers)[question_of_row[row] - 1];
    given[row] = {answer.kind, answer.content};
  }
  for (const RowHandle at : asking) {
    Kept& now = kept(at);
    const Answer& answer = *(*answers)[now.question - 1];
    now.kind = static_cast<uint32_t>(answer.kind);
    if (!answer.content.empty()) now.answer = pool_.copy(answer.content);
    now.question = 0;
  }
  return true;
}

}  // namespace braid
