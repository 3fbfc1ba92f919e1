// Outputs of products with `{field}` in their paths: a file for each value, of which few are open at a time.
//
// A part that has rows keeps them in memory until they are written: at the freeze, or before if there are many. Then
// its file is opened with what was written so far, as the state says or as it was closed. A part whose rows are
// committed is forgotten; the state has it. A restart opens each once, to cut what was not committed.
#include <algorithm>

#include "runtime/engine/output_files.h"

namespace braid {

void OutputFiles::write_parts(int product, Parts& parts, const Block& block) {
  parts.rows += block.rows;
  Output* part = nullptr;
  std::string_view path;
  for (uint32_t row = 0; row < block.rows; ++row) {
    const std::string& of_row = parts.paths.of(block, row);
    if (part == nullptr || of_row != path) {
      if (part != nullptr) append(*part, encoded_);
      encoded_.clear();
      part = &output(product, kPartMark + of_row);
      path = std::string_view(part->port).substr(1);
      part->changed = true;
      part->used = ++uses_;
    }
    ++part->rows;
    ++part->epoch_rows;
    part->encoder->append_row(block, row, encoded_);
  }
  if (part != nullptr) append(*part, encoded_);
}

Status OutputFiles::recover_part(Output& part, const Stored& stored) {
  part.known = true;
  Parts& parts = parts_.at(part.product);
  ++parts.files;
  parts.rows += stored.rows;
  BRAID_TRY(open(part, stored.committed));
  open_parts_.push_back(&part);
  return close_part(part);
}

Status OutputFiles::write_waiting_parts(StateStore& store) {
  std::vector<Output*> waiting, unnamed;
  for (auto& [place, output] : outputs_) {
    if (!is_part(output) || output.waiting.empty()) continue;
    waiting.push_back(&output);
    if (output.known) continue;
    std::string value;
    BRAID_ASSIGN(const bool stored, store.get(StateFamily::meta, key_of(output), &value));
    if (!stored) {
      unnamed.push_back(&output);
      continue;
    }
    BRAID_ASSIGN(const Stored before, read_stored(value));
    output.rows += before.rows;
    output.frozen = before.committed;
    output.stored = before.place;
    output.known = true;
  }
  BRAID_TRY(name_files(store, unnamed));
  for (Output* part : unnamed) {
    part->known = true;
    ++parts_.at(part->product).files;
  }
  for (Output* part : waiting) {
    BRAID_TRY(open_part(*part));
    BRAID_TRY(part->file->append(part->waiting));
    part->waiting = {};
  }
  waiting_parts_ = 0;
  return {};
}

Status OutputFiles::open_part(Output& part) {
  while (open_parts_.size() >= kMostOpenParts) {
    auto oldest = std::min_element(open_parts_.begin(), open_parts_.end(),
                                   [](const Output* a, const Output* b) { return a->used < b->used; });
    BRAID_TRY(close_part(**oldest));
  }
  BRAID_TRY(open(part, CommittedOutput(part.frozen)));
  open_parts_.push_back(&part);
  return {};
}

Status OutputFiles::close_part(Output& part) {
  if (part.changed) {
    BRAID_TRY(part.file->freeze());
    BRAID_TRY(part.file->sync());
    set_frozen(part, part.file->committed());
  }
  part.file.reset();
  std::erase(open_parts_, &part);
  return {};
}

void OutputFiles::set_frozen(Output& output, const CommittedOutput& committed) {
  if (is_part(output)) parts_.at(output.product).bytes += committed.bytes - output.frozen.bytes;
  output.frozen = committed;
}

void OutputFiles::forget_parts() {
  std::erase_if(outputs_, [](const auto& entry) {
    const Output& output = entry.second;
    return is_part(output) && !output.file && !output.changed && output.waiting.empty();
  });
}

}  // namespace braid
