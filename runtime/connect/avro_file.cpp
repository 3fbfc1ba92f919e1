// Container files as partitions. A turn is whole blocks: those within the next 256 KB of the file, or one that is
// larger, up to 256 KB of unpacked data and the block that goes beyond. It depends on the bytes only. Positions are
// offsets of blocks, 0 is the beginning of the header, and the line is the number of the next record.
#include <algorithm>

#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/connect/file_bytes.h"
#include "runtime/connect/foreign_content.h"

namespace braid {
namespace {

class AvroFile : public FileBytes {
 public:
  AvroFile(std::string name, RecordForm form, bool complete, std::unique_ptr<FileReader> reader)
      : FileBytes(std::move(name), complete, std::move(reader)), form_(std::move(form)) {}

  using SourcePartition::next_turn;
  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer& buffer,
                                              std::optional<int64_t>) override {
    held_bytes_ = 0;
    BRAID_TRY(load_header());
    if (header_bytes_.empty()) return std::optional<SourceTurn>();
    SourceTurn turn;
    turn.begin = turn.end = from;
    // The first turn has the header in front of its blocks.
    const bool first = from.position == 0;
    if (first) turn.end.position = static_cast<int64_t>(header_bytes_.size());
    taken_.assign(first ? header_bytes_ : std::string());
    const size_t begin = taken_.size();
    uint64_t needed = 0;
    size_t wanted = kTurnBytes;
    while (taken_.size() == begin) {
      packed_.resize(wanted);
      BRAID_ASSIGN(const size_t count, read(turn.end.position, packed_.data(), wanted));
      if (count == 0) return std::optional<SourceTurn>();
      BRAID_TRY(take_blocks({packed_.data(), count}, turn, needed));
      if (taken_.size() > begin) break;
      if (count < wanted) {
        if (complete_) return broken(turn.end.position, "it ends within a block");
        held_bytes_ = count;
        return std::optional<SourceTurn>();
      }
      // A block that is larger than a turn.
      wanted = static_cast<size_t>(std::max<uint64_t>(needed, 2 * wanted));
    }
    char* bytes = buffer.reserve(taken_.size());
    std::copy(taken_.begin(), taken_.end(), bytes);
    turn.bytes = {bytes, taken_.size()};
    return std::optional<SourceTurn>(std::move(turn));
  }

  Result<std::string> header() override {
    BRAID_TRY(load_header());
    return header_bytes_;
  }

  /// Nothing happens while the header has not been written.
  Status load_header() {
    if (!header_bytes_.empty()) return {};
    std::string text;
    for (size_t wanted = 64 * 1024;; wanted *= 4) {
      text.resize(wanted);
      BRAID_ASSIGN(const size_t count, read(0, text.data(), wanted));
      text.resize(count);
      if (count == 0) return {};
      if (const auto foreign = recognise_no_text(text, name_); foreign && foreign->found != kAvroFile)
        return input_error(diag::NotRecords{
            .path = path(), .found = foreign->found, .format = records_of(Format::avro), .mend = foreign->mend}
                               .make());
      const auto found = read_container_header(text);
      if (!found.ok()) return broken(0, found.error().message);
      if (!*found && count == wanted) continue;
      if (!*found && complete_) return broken(static_cast<int64_t>(count), "it ends within its header");
      if (!*found) return held_bytes_ = count, Status();
      text.resize((*found)->bytes);
      if (form_.fields != nullptr)
        if (const Status fits = check_avro_header(*form_.fields, text); !fits.ok())
          return input_error(diag::SchemaMismatch{.path = path(), .reason = fits.error().message}.make());
      header_ = **found;
      header_bytes_ = std::move(text);
      return {};
    }
  }

 private:
  Error broken(int64_t offset, std::string reason) const {
    return input_error(diag::BrokenContainer{.path = path(), .offset = offset, .reason = std::move(reason)}.make());
  }

  /// Moves the end of the turn behind the blocks that are whole in `text`, which begins there, and appends them to
  /// taken_.
  Status take_blocks(std::string_view text, SourceTurn& turn, uint64_t& needed) {
    while (!text.empty() && taken_.size() < kTurnBytes) {
      const auto block = read_container_block(header_, text, needed);
      if (!block.ok()) return broken(turn.end.position, block.error().message);
      if (!*block) break;
      if (const Status unpacked = append_unpacked(header_, **block, taken_); !unpacked.ok())
        return broken(turn.end.position, unpacked.error().message);
      turn.end.position += static_cast<int64_t>((*block)->whole.size());
      turn.end.line += (*block)->records;
      text.remove_prefix((*block)->whole.size());
    }
    return {};
  }

  RecordForm form_;
  std::string header_bytes_;
  ContainerHeader header_;
  std::string packed_, taken_;
};

}  // namespace

Result<std::unique_ptr<SourcePartition>> open_container(std::string path, const RecordForm& form, bool complete,
                                                        std::unique_ptr<FileReader> reader) {
  auto file = std::make_unique<AvroFile>(std::move(path), form, complete, std::move(reader));
  BRAID_TRY(file->load_header());
  return std::unique_ptr<SourcePartition>(std::move(file));
}

}  // namespace braid
