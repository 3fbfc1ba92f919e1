#include "runtime/connect/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/connect/file_bytes.h"
#include "runtime/connect/foreign_content.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// NDJSON and CSV.
class TextFile : public FileBytes {
 public:
  TextFile(std::string name, const RecordForm& form, bool complete, std::unique_ptr<FileReader> reader)
      : FileBytes(std::move(name), complete, std::move(reader)), form_(form) {}

  using SourcePartition::next_turn;
  Result<std::optional<SourceTurn>> next_turn(const PartitionPosition& given, TurnBuffer& buffer,
                                              std::optional<int64_t> end) override {
    held_bytes_ = 0;
    PartitionPosition from = given;
    if (from.position != end_of_turn_) {
      BRAID_ASSIGN(bool within_line_end, begins_within_line_end(from.position));
      if (within_line_end) ++from.position;
    }
    // What a turn may take mostly cuts it; only records that are longer, or an open quote, need to see more.
    for (size_t most : {kTurnBytes, kCutLookahead}) {
      // Where the turn ended before may be where the file ended.
      const bool ends = end && static_cast<size_t>(*end - from.position) < most;
      const size_t wanted = ends ? static_cast<size_t>(*end - from.position) : most;
      char* bytes = buffer.reserve(most);
      BRAID_ASSIGN(size_t count, read(from.position, bytes, wanted));
      std::string_view available(bytes, count);
      if (count == 0) return std::optional<SourceTurn>();
      SourceTurn turn;
      if (from.position == 0) {
        BRAID_ASSIGN(turn.warning, look_at(available));
      }
      const Follows follows = ends              ? Follows::nothing
                              : count == wanted ? Follows::more
                              : complete_       ? Follows::nothing
                                                : Follows::later;
      // A quote behind a byte order mark opens a cell.
      const size_t mark = from.position == 0 && available.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
      TurnCut cut = cut_turn(form_, available.substr(mark), follows);
      if (cut.long_record) return long_turn(from, available);
      if (cut.bytes == 0 && follows == Follows::later) {
        held_bytes_ = count;
        return std::optional<SourceTurn>();
      }
      if (cut.bytes == 0 && follows == Follows::more) continue;
      turn.bytes = available.substr(0, mark + cut.bytes);
      turn.begin = from;
      turn.end.position = from.position + static_cast<int64_t>(turn.bytes.size());
      turn.end.line = from.line + static_cast<int64_t>(count_line_ends(form_.format, turn.bytes, &turn.ascii));
      end_of_turn_ = turn.end.position;
      return std::optional<SourceTurn>(std::move(turn));
    }
    BRAID_UNREACHABLE("a turn that cannot be cut");
  }

  Result<bool> grew_in_record(int64_t position) override {
    char bytes[2];
    if (position == 0 || name_ == "-") return false;
    BRAID_ASSIGN(size_t count, read(position - 1, bytes, sizeof bytes));
    return count == 2 && bytes[0] != '\n' && !(bytes[0] == '\r' && form_.format == Format::csv);
  }

  Result<std::string> header() override {
    TurnBuffer buffer;
    for (size_t wanted : {size_t{64 * 1024}, kCutLookahead}) {
      char* bytes = buffer.reserve(wanted);
      BRAID_ASSIGN(size_t count, read(0, bytes, wanted));
      const std::string_view header = find_header(form_, {bytes, count}, count < wanted);
      if (!header.empty() || count < wanted) return std::string(header);
    }
    return std::string();  // longer than a record may be: the header of nothing
  }

 private:
  /// Whether the byte at `position` is the LF of a CRLF whose CR was read as a line end of its own, being the last
  /// byte.
  Result<bool> begins_within_line_end(int64_t position) {
    char bytes[2];
    if (form_.format != Format::csv || position == 0 || name_ == "-") return false;
    BRAID_ASSIGN(size_t count, read(position - 1, bytes, sizeof bytes));
    return count == 2 && bytes[0] == '\r' && bytes[1] == '\n';
  }

  /// Fails if that is no text; a warning if it is something else than records.
  Result<std::optional<Diagnostic>> look_at(std::string_view head) const {
    const std::optional<ForeignContent> found = recognise_foreign_content(head, form_.format, name_);
    if (!found) return std::optional<Diagnostic>();
    const std::string format = records_of(form_.format);
    if (!found->is_text)
      return input_error(
          diag::NotRecords{.path = path(), .found = found->found, .format = format, .mend = found->mend}.make());
    return std::optional<Diagnostic>(
        diag::OtherShape{.path = path(), .found = found->found, .format = format, .mend = found->mend}.make());
  }

  /// A record that nobody will read: its length is found without keeping it.
  Result<std::optional<SourceTurn>> long_turn(const PartitionPosition& from, std::string_view available) {
    SourceTurn turn;
    turn.begin = from;
    turn.bytes = available.substr(0, kMaxRecordBytes);
    uint64_t length = 0;  // with the line end
    size_t line_end = 0;  // bytes of it
    char last = 0;        // the byte before the ones at hand
    std::vector<char> chunk;
    while (!available.empty() && line_end == 0) {
      const bool csv = form_.format == Format::csv;
      const size_t found = csv ? find_csv_line_end(available, 0) : available.find('\n');
      if (found == std::string_view::npos) {
        length += available.size();
        last = available.back();
        chunk.resize(64 * 1024);
        BRAID_ASSIGN(size_t count, read(from.position + static_cast<int64_t>(length), chunk.data(), chunk.size()));
        available = {chunk.data(), count};
      } else if (csv) {
        length += found;
        char bytes[kLongestLineEnd];
        BRAID_ASSIGN(size_t count, read(from.position + static_cast<int64_t>(length), bytes, sizeof bytes));
        line_end = behind_csv_line_end({bytes, count}, 0, complete_ || count == sizeof bytes);
        if (line_end == 0) break;  // of a CR that may become a CRLF
        length += line_end;
      } else {
        const bool carriage_return = (found > 0 ? available[found - 1] : last) == '\r';
        length += found + 1;
        line_end = carriage_return ? 2 : 1;
      }
    }
    if (line_end == 0 && !complete_) {
      held_bytes_ = length;
      return std::optional<SourceTurn>();
    }
    turn.end.position = from.position + static_cast<int64_t>(length);
    turn.end.line = from.line + (line_end > 0 ? 1 : 0);
    turn.long_record_bytes = length - line_end;
    end_of_turn_ = turn.end.position;
    return std::optional<SourceTurn>(std::move(turn));
  }

  RecordForm form_;
  int64_t end_of_turn_ = 0;  ///< that was read last
};

}  // namespace

Result<std::vector<std::string>> find_partitions(Fs& fs, const std::string& pattern) {
  BRAID_ASSIGN(std::vector<std::string> paths, fs.glob(pattern));
  if (paths.empty()) return input_error(diag::NoFileMatches{.pattern = pattern}.make(), ENOENT);
  return paths;
}

Result<std::unique_ptr<SourcePartition>> open_partition(Fs& fs, const std::string& path, const RecordForm& form,
                                                        bool complete) {
  Result<std::unique_ptr<FileReader>> reader = path == "-" ? fs.open_standard_input() : fs.open_reader(path);
  if (!reader.ok()) {
    std::string reason = std::error_code(reader.error().system_error, std::generic_category()).message();
    return input_error(diag::FileNotReadable{.path = path, .reason = reason}.make(), reader.error().system_error);
  }
  if (form.format == Format::avro) return open_container(path, form, complete, std::move(reader).value());
  return std::unique_ptr<SourcePartition>(std::make_unique<TextFile>(path, form, complete, std::move(reader).value()));
}

}  // namespace braid
