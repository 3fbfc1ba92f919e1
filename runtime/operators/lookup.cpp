#include "runtime/operators/lookup.h"

#include "runtime/base/check.h"
#include "runtime/data/value.h"
#include "runtime/report/lookup_findings.h"
#include "runtime/state/stored_rows.h"

namespace braid {

LookupNode::LookupNode(const Services& services)
    : OperatorNode(services),
      content_(std::get<LookupOperator>(self_.content)),
      spec_(services.program.services[static_cast<size_t>(content_.service)]),
      leaves_(flatten(self_.row)) {
  BRAID_CHECK(services.lookups != nullptr, "nobody asks the services of the program");
  const std::vector<Field>& before = input_row(0);
  const int behind = content_.arguments + content_.keys + (content_.retracted ? 1 : 0);
  const int kept = static_cast<int>(before.size()) - behind;
  before_leaves_ = flatten(first_fields(before, kept));
  for (int at = kept; at < kept + content_.arguments; ++at) {
    const auto i = static_cast<size_t>(at);
    const bool optional = is_optional(before[i].type);
    arguments_.push_back({without_optional(before[i].type), static_cast<uint32_t>(leaf_offset(before, i)), optional});
  }
}

bool LookupNode::question_of(const Block& block, uint32_t row, Question& question) const {
  question.key.clear();
  question.request.arguments.clear();
  std::vector<Slot> slots;
  for (const Argument& argument : arguments_) {
    uint32_t column = argument.first;
    if (argument.optional && block.columns[column++].as<uint8_t>()[row] == 0) return false;
    slots.clear();
    for (size_t leaves = leaf_count(argument.type); leaves > 0; --leaves)
      slots.push_back(read_slot(block.columns[column++], row));
    append_key_bytes(argument.type, slots.data(), question.key);
    question.request.arguments.push_back(to_cell(argument.type, from_slots(argument.type, slots.data())));
  }
  return true;
}

bool LookupNode::give(const Block& block, std::span<Given> given) {
  std::vector<Question> questions;
  std::vector<uint32_t> asking;
  Question question;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (!question_of(block, row, question)) continue;
    asking.push_back(row);
    questions.push_back(question);
  }
  const auto answers = services_.lookups->ask(services_.turn, content_.service, questions);
  if (!answers.ok()) {
    note(answers.error());
    return false;
  }
  for (size_t i = 0; i < asking.size(); ++i) given[asking[i]] = {(*answers)[i]->kind, (*answers)[i]->content};
  return true;
}

void LookupNode::take(int input, const Block& block, std::vector<Block>& out) {
  std::vector<Given> given(block.rows);
  if (!give(block, given)) return;
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < block.rows; ++row) {
    if (given[row].kind == Answer::Kind::failed) {
      RowReason reason{.code = diag::LookupFailed::kCode};
      reason.arguments = {{"service", spec_.name}, {"reason", std::string(given[row].content)}};
      dispositions().leave(index(), input, block, row, content_.failed_site, reason);
      continue;
    }
    if (given[row].kind == Answer::Kind::nothing && !content_.left) {
      constexpr uint32_t kUnmatchedRow = 6304;
      dispositions().leave(index(), input, block, row, content_.unmatched_site,
                           {.code = kUnmatchedRow, .arguments = {{"relation", spec_.name}}});
      continue;
    }
    kept.push_back(row);
  }
  if (!kept.empty()) put_answers(block, kept, given, out);
}

void LookupNode::put_answers(const Block& block, std::span<const uint32_t> kept, std::span<const Given> given,
                             std::vector<Block>& out) {
  Block before = block;
  before.columns.resize(before_leaves_.size());
  Block made = gather(before, kept, before_leaves_, arena());
  const auto rows = static_cast<uint32_t>(kept.size());
  const size_t first = before_leaves_.size();
  for (size_t leaf = first; leaf < leaves_.size(); ++leaf)
    made.columns.push_back({leaves_[leaf].kind, arena().allocate(leaf_width(leaves_[leaf].kind) * rows)});
  const RowLayout& layout = services_.lookups->layout(content_.service);
  const size_t of_answer = layout.leaves();
  const size_t presence = leaves_.size() - first - of_answer - (content_.retracted ? 1 : 0);
  BRAID_CHECK(presence <= 1, "the row of a look-up is not its row and an answer");
  // Text is copied: an answer may be gone before the turn is over.
  for (uint32_t row = 0; row < rows; ++row) {
    const Given& answer = given[kept[row]];
    const bool there = answer.kind == Answer::Kind::found;
    if (presence == 1) made.columns[first].as<uint8_t>()[row] = there ? 1 : 0;
    if (!there) {
      for (size_t leaf = 0; leaf < of_answer; ++leaf)
        write_slot(made.columns[first + presence + leaf], row, slot_i128(0));
      continue;
    }
    auto* bytes = static_cast<char*>(arena().allocate(answer.content.size()));
    std::copy(answer.content.begin(), answer.content.end(), bytes);
    auto* slots = arena().allocate_array<Slot>(of_answer);
    layout.decode({bytes, answer.content.size()}, slots, arena());
    for (size_t leaf = 0; leaf < of_answer; ++leaf) write_slot(made.columns[first + presence + leaf], row, slots[leaf]);
  }
  if (content_.retracted) {
    const auto* before_goes = block.columns.back().as<uint8_t>();
    auto* goes = made.columns.back().as<uint8_t>();
    for (uint32_t row = 0; row < rows; ++row) goes[row] = before_goes[kept[row]];
  }
  out.push_back(std::move(made));
}

}  // namespace braid
