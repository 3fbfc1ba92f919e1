#include "runtime/connect/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/codec/turn_cutter.h"
#include "runtime/data/key_bytes.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr size_t kFingerprintBytes = 4096;

Error input_error(const Diagnostic& diagnostic, int system_error = 0) {
  return {ErrorKind::input, diagnostic.message, diagnostic.code, system_error};
}

class FilePartition : public SourcePartition {
 public:
  FilePartition(std::string name, Format format, std::unique_ptr<FileReader> reader)
      : name_(std::move(name)), format_(format), reader_(std::move(reader)) {}

  const std::string& name() const override { return name_; }

  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& from, TurnBuffer& buffer) override {
    // What a turn may take mostly cuts it; only records that are longer, or an open quote, need to see more.
    for (size_t wanted : {kTurnBytes, kCutLookahead}) {
      char* bytes = buffer.reserve(wanted);
      BRAID_ASSIGN(size_t count, read(from.position, bytes, wanted));
      std::string_view available(bytes, count);
      bool at_end = count < wanted;
      if (count == 0) return std::optional<SourceTurn>();
      TurnCut cut = cut_turn(format_, available, at_end);
      if (cut.long_record) return long_turn(from, available);
      if (cut.bytes == 0) continue;
      SourceTurn turn;
      turn.bytes = available.substr(0, cut.bytes);
      turn.begin = from;
      turn.end.position = from.position + static_cast<int64_t>(cut.bytes);
      turn.end.line = from.line + static_cast<int64_t>(count_line_ends(turn.bytes));
      return std::optional<SourceTurn>(turn);
    }
    BRAID_UNREACHABLE("a turn that cannot be cut");
  }

  Result<std::string> first_record() override {
    TurnBuffer buffer;
    for (size_t wanted : {size_t{64 * 1024}, kCutLookahead}) {
      char* bytes = buffer.reserve(wanted);
      BRAID_ASSIGN(size_t count, read(0, bytes, wanted));
      std::string_view available(bytes, count);
      size_t length = first_record_bytes(format_, available, count < wanted);
      if (length != 0) return std::string(available.substr(0, length));
      if (count < wanted) return std::string();
    }
    return std::string();  // longer than a record may be: the header of nothing
  }

  Result<uint64_t> fingerprint(int64_t position) override {
    BRAID_ASSIGN(uint64_t size, reader_->size());
    if (size < static_cast<uint64_t>(position)) {
      return input_error(
          diag::InputShortened{.path = name_, .found = static_cast<int64_t>(size), .expected = position}.make());
    }
    char bytes[kFingerprintBytes];
    int64_t begin = std::max<int64_t>(0, position - static_cast<int64_t>(kFingerprintBytes));
    BRAID_ASSIGN(size_t count, read(begin, bytes, static_cast<size_t>(position - begin)));
    return key_hash({bytes, count});
  }

 private:
  Result<size_t> read(int64_t position, char* into, size_t length) {
    Result<size_t> count = reader_->read_at(static_cast<uint64_t>(position), into, length);
    if (count.ok()) return count;
    std::string reason = std::error_code(count.error().system_error, std::generic_category()).message();
    return input_error(diag::FileNotReadable{.path = name_, .reason = reason}.make(), count.error().system_error);
  }

  /// A record that nobody will read: its length is found without keeping it.
  Result<std::optional<SourceTurn>> long_turn(const PartitionPosition& from, std::string_view available) {
    SourceTurn turn;
    turn.begin = from;
    turn.bytes = available.substr(0, kMaxRecordBytes);
    uint64_t length = 0;
    bool ended = false;
    char last = 0;  // the byte before the ones at hand
    bool carriage_return = false;
    std::vector<char> chunk;
    while (!available.empty()) {
      size_t line_end = available.find('\n');
      ended = line_end != std::string_view::npos;
      if (ended) {
        carriage_return = (line_end > 0 ? available[line_end - 1] : last) == '\r';
        length += line_end + 1;
        break;
      }
      length += available.size();
      last = available.back();
      chunk.resize(64 * 1024);
      BRAID_ASSIGN(size_t count, read(from.position + static_cast<int64_t>(length), chunk.data(), chunk.size()));
      available = {chunk.data(), count};
    }
    turn.end.position = from.position + static_cast<int64_t>(length);
    turn.end.line = from.line + (ended ? 1 : 0);
    turn.long_record_bytes = length - (ended ? 1 : 0) - (carriage_return ? 1 : 0);
    return std::optional<SourceTurn>(turn);
  }

  std::string name_;
  Format format_;
  std::unique_ptr<FileReader> reader_;
};

}  // namespace

Result<std::vector<std::string>> find_partitions(Fs& fs, const std::string& pattern) {
  BRAID_ASSIGN(std::vector<std::string> paths, fs.glob(pattern));
  if (paths.empty()) return input_error(diag::NoFileMatches{.pattern = pattern}.make(), ENOENT);
  return paths;
}

Result<std::unique_ptr<SourcePartition>> open_partition(Fs& fs, const std::string& path, Format format) {
  Result<std::unique_ptr<FileReader>> reader = path == "-" ? fs.open_standard_input() : fs.open_reader(path);
  if (!reader.ok()) {
    std::string reason = std::error_code(reader.error().system_error, std::generic_category()).message();
    return input_error(diag::FileNotReadable{.path = path, .reason = reason}.make(), reader.error().system_error);
  }
  return std::unique_ptr<SourcePartition>(std::make_unique<FilePartition>(path, format, std::move(reader).value()));
}

}  // namespace braid
