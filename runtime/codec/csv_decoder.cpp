// CSV by RFC 4180: cells between commas, records between line ends (turn_cutter.h), quoted cells may hold commas, line
// ends and doubled quotes. The first record names the columns unless the plan does. The plan may name another separator
// than the comma and another quote.
//
// Cells: the null marker, unquoted, is null. An empty cell is "" for string and bytes, null for any other optional
// type, and otherwise a fault. Blanks around numbers go; numbers may have leading zeros. With a decimal comma a number
// with a point is a fault: whether it separates thousands nobody knows. Lists are JSON. The parts of a
// struct are columns of their own, `field.part`; an optional struct is null if all its cells are empty or null.
// Rejected: a wrong number of cells, text behind a closing quote, a quote in an unquoted cell, a quote that never
// closes. Empty lines are no records, unless there is only one column.

#include "runtime/codec/csv_decoder.h"

#include <emmintrin.h>

#include <cstring>
#include <span>

#include <simdjson.h>

#include "runtime/abi/record_frame.h"
#include "runtime/abi/record_reader.h"
#include "runtime/base/check.h"
#include "runtime/codec/json_reader.h"
#include "runtime/codec/turn_builder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/data/text_forms.h"

namespace braid {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kListColumn = "list";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// As JSON has it, leading zeros too.
bool is_csv_number(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  bool plain = !digits.empty() && digits.size() <= 18;
  for (char c : digits) plain = plain && c >= '0' && c <= '9';
  if (plain) return true;
  while (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') digits.remove_prefix(1);
  return !digits.starts_with('-') && is_json_number(digits);
}

/// A scalar or list field, or the part of a struct, and the column it comes from.
struct CellReader {
  Shape shape;
  std::string column;
  int32_t cell = -1;
  bool twice = false;                ///< the header names the column twice
  bool has_default = false;          ///< a header without the column means null
  size_t first_leaf = 0;             ///< of a field in its row
  std::unique_ptr<JsonReader> list;  ///< lists: reads {"list": …}
  std::vector<CellReader> parts;     ///< structs
};

/// Splits the record that begins at `begin`, as long as it has no quote. Returns where its line end begins (or the text
/// ends, at `end`), null if a quote comes first. Only as many cells
/// are stored as there is room for.
const char* split_plain(const RecordForm& form, const char* begin, const char* end, std::span<CsvCell> cells,
                        size_t* count) {
  // Where there are no quotes, a line end stands in for one.
  const char quotes = form.quote == 0 ? '\n' : form.quote;
  const __m128i separator = _mm_set1_epi8(form.separator), quote = _mm_set1_epi8(quotes);
  const __m128i line_feed = _mm_set1_epi8('\n'), carriage_return = _mm_set1_epi8('\r');
  const char* cell = begin;
  size_t found = 0;
  auto put = [&](const char* cell_end) {
    if (found < cells.size()) [[likely]]
      cells[found] = {cell, static_cast<size_t>(cell_end - cell), 0};
    ++found;
    cell = cell_end + 1;
  };
  for (const char* at = begin;; at += 16) {
    uint32_t commas = 0, stops = 0;
    if (end - at >= 16) [[likely]] {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      commas = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, separator)));
      __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, line_feed), _mm_cmpeq_epi8(bytes, carriage_return));
      stops = static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(ends, _mm_cmpeq_epi8(bytes, quote))));
    } else {
      for (uint32_t i = 0; i < end - at; ++i) {
        commas |= static_cast<uint32_t>(at[i] == form.separator) << i;
        stops |= static_cast<uint32_t>(at[i] == '\n' || at[i] == '\r' || at[i] == quotes) << i;
      }
      stops |= uint32_t{1} << (end - at);
    }
    const char* stop = nullptr;
    if (stops != 0) {
      stop = at + __builtin_ctz(stops);
      commas &= (uint32_t{1} << (stop - at)) - 1;
    }
    for (; commas != 0; commas &= commas - 1) put(at + __builtin_ctz(commas));
    if (stop == nullptr) continue;
    if (stop < end && *stop != '\n' && *stop != '\r') return nullptr;
    put(stop);
    *count = found;
    return stop;
  }
}

/// Splits a record with quotes. `reason` is set if it is broken.
size_t split_quoted(const RecordForm& form, std::string_view record, std::span<CsvCell> cells, Arena& arena,
                    std::string_view& reason) {
  size_t count = 0, at = 0;
  while (true) {
    std::string_view text;
    const bool quoted = at < record.size() && form.quote != 0 && record[at] == form.quote;
    if (quoted) {
      size_t begin = ++at;
      bool doubled = false;
      while (true) {
        at = record.find(form.quote, at);
        if (at == std::string_view::npos) {
          reason = "a quote that never closes";
          return 0;
        }
        if (at + 1 >= record.size() || record[at + 1] != form.quote) break;
        doubled = true;
        at += 2;
      }
      text = record.substr(begin, at - begin);
      ++at;
      if (at < record.size() && record[at] != form.separator) {
        reason = "text behind a closing quote";
        return 0;
      }
      if (doubled) {
        char* copy = arena.allocate(text.size());
        size_t length = 0;
        for (size_t i = 0; i < text.size(); ++i) {
          copy[length++] = text[i];
          if (text[i] == form.quote) ++i;
        }
        text = {copy, length};
      }
    } else {
      size_t end = std::min(record.find(form.separator, at), record.size());
      text = record.substr(at, end - at);
      if (form.quote != 0 && text.find(form.quote) != std::string_view::npos) {
        reason = "a quote within an unquoted cell";
        return 0;
      }
      at = end;
    }
    if (count < cells.size()) cells[count] = {text.data(), text.size(), quoted};
    ++count;
    if (at >= record.size()) return count;
    ++at;
  }
}

/// Outside of quotes every CR and LF is a part of a line end, so none of them ends what stands before it.
std::string_view without_line_end(std::string_view record) {
  return record.substr(0, record.find_last_not_of("\r\n") + 1);
}

/// The names in a header line, without byte order mark.
std::vector<std::string> columns_in(const RecordForm& form, std::string_view header) {
  if (header.starts_with(kByteOrderMark)) header.remove_prefix(kByteOrderMark.size());
  Arena arena(4096);
  std::vector<CsvCell> cells(kMaxRecordBytes < header.size() ? 0 : header.size() + 1);
  std::string_view reason;
  const size_t count = split_quoted(form, without_line_end(header), cells, arena, reason);
  std::vector<std::string> columns;
  for (size_t i = 0; i < count && i < cells.size(); ++i) columns.emplace_back(cells[i].view());
  return columns;
}

class CsvDecoder : public Decoder {
 public:
  CsvDecoder(const DecodePlan& plan, const RecordReaderSlot* native)
      : form_(record_form(plan)),
        decimal_comma_(plan.decimal_comma),
        null_marker_(plan.null_marker),
        named_by_plan_(!plan.header.empty()),
        zone_(plan.zone.empty() ? nullptr : load_time_zone(plan.zone)),
        leaves_(flatten(decoded_row(plan))),
        row_(leaves_.size()),
        native_(native),
        dates_(plan.fields.size()) {
    BRAID_CHECK(plan.zone.empty() || zone_, "no such zone: " + plan.zone);
    size_t first_leaf = 0;
    for (const DecodeField& field : plan.fields) {
      if (!field.touched) continue;
      std::string column;
      for (const std::string& part : field.path) column += (column.empty() ? "" : ".") + part;
      fields_.push_back(make_reader(make_shape(field.type, zone_.get(), plan.unit), column, plan));
      fields_.back().has_default = field.has_default;
      fields_.back().first_leaf = first_leaf;
      first_leaf += 1 + fields_.back().shape.leaves;
    }
    frame_.decoder = this;
    frame_.dates = dates_.data();
    frame_.read_value = read_value;
    if (null_marker_) frame_.null_marker = {null_marker_->data(), null_marker_->size()};
    use_columns(plan.header);
  }

  void set_header(std::string_view first_record) override {
    if (named_by_plan_) return;
    header_ = first_record;
    use_columns(columns_in(form_, first_record));
  }

  std::string_view header() const override { return header_; }

  DecodedTurn decode(const TurnInput& input, Arena& arena) override {
    std::string_view text = input.bytes;
    size_t at = input.position == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    TurnBuilder turn(input, leaves_, arena);
    if (input.long_record_bytes > 0) {
      uint32_t record = turn.add_record(text, 0, 0);
      turn.reject(record, diag::RecordTooLong{.bytes = static_cast<int64_t>(input.long_record_bytes),
                                              .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return turn.take();
    }
    bool utf8 = input.ascii || simdjson::validate_utf8(text.data(), text.size());
    turn_ = &turn;
    arena_ = &arena;
    reader_ = native_ != nullptr ? native_->get() : nullptr;
    frame_.text = text.data();
    frame_.readable = text.size() < kDirectBytes ? 0 : text.size() - kDirectBytes + 1;
    int64_t line = 0;
    bool header = input.position == 0 && !named_by_plan_;
    while (at < text.size()) {
      size_t count = 0;
      const char* end =
          header ? nullptr : split_plain(form_, text.data() + at, text.data() + text.size(), columns(), &count);
      if (end != nullptr) [[likely]] {
        const auto line_end = static_cast<size_t>(end - text.data());
        decode_record(turn, text.substr(at, line_end - at), count, at, line, utf8, arena);
        ++line;
        at = line_end < text.size() ? behind_csv_line_end(text, line_end, true) : line_end;
        continue;
      }
      size_t length = first_record_bytes(form_, text.substr(at), true);
      std::string_view record = text.substr(at, length);
      if (header) {
        header = without_line_end(record).empty();  // blank lines may precede it
        if (!header) set_header(record);
      } else {
        decode_record(turn, without_line_end(record), 0, at, line, utf8, arena);
      }
      line += static_cast<int64_t>(count_line_ends(Format::csv, record));
      at += length;
    }
    return turn.take();
  }

 private:
  struct NativeFrame : ReadFrame {
    CsvDecoder* decoder = nullptr;
  };

  static CellReader make_reader(Shape shape, const std::string& column, const DecodePlan& plan) {
    CellReader reader;
    reader.column = column;
    if (shape.kind == TypeKind::structure) {
      for (size_t i = 0; i < shape.children.size(); ++i)
        reader.parts.push_back(make_reader(shape.children[i], column + "." + shape.type->fields[i].name, plan));
    } else if (shape.kind == TypeKind::list || shape.kind == TypeKind::map) {
      DecodePlan list;
      list.unit = plan.unit;
      list.fields.push_back({.name = column, .path = {std::string(kListColumn)}, .type = shape.type});
      reader.list = std::make_unique<JsonReader>(list, shape.zone);
    }
    reader.shape = std::move(shape);
    return reader;
  }

  void use_columns(const std::vector<std::string>& columns) {
    column_count_ = columns.size();
    cell_of_.clear();
    comma_numbers_.clear();
    for (CellReader& field : fields_) {
      find_column(field, columns);
      if (decimal_comma_) give_number_cells(field);
      cell_of_.push_back(field.twice ? -1 : field.cell);
    }
    cells_.assign(column_count_ + comma_numbers_.size(), {});
    frame_.cells = cells_.data();
    frame_.cell_of = cell_of_.data();
  }

  /// Numbers with a decimal comma are read from cells of their own, behind those of the record.
  void give_number_cells(CellReader& reader) {
    for (CellReader& part : reader.parts) give_number_cells(part);
    if (reader.cell < 0 || reader.twice) return;
    const TypeKind kind = reader.shape.kind;
    const bool instant = kind == TypeKind::timestamp && reader.shape.unit != TimestampUnit::none;
    if (kind != TypeKind::floating && kind != TypeKind::decimal && kind != TypeKind::integer && !instant) return;
    comma_numbers_.push_back({static_cast<size_t>(reader.cell), instant});
    reader.cell = static_cast<int32_t>(column_count_ + comma_numbers_.size() - 1);
  }

  /// Commas become points, and points commas, which no number has.
  void write_number_cells(Arena& arena) {
    for (size_t i = 0; i < comma_numbers_.size(); ++i) {
      const CsvCell& given = cells_[comma_numbers_[i].column];
      CsvCell& made = cells_[column_count_ + i];
      made = given;
      const std::string_view text = given.view();
      if (text.find_first_of(",.") == std::string_view::npos) continue;
      if (comma_numbers_[i].instant && text.find(':') != std::string_view::npos) continue;  // a text, not a number
      if (null_marker_ && given.quoted == 0 && text == *null_marker_) continue;
      char* copy = arena.allocate(text.size());
      for (size_t at = 0; at < text.size(); ++at) copy[at] = text[at] == ',' ? '.' : text[at] == '.' ? ',' : text[at];
      made.text = copy;
    }
  }

  std::span<CsvCell> columns() { return {cells_.data(), column_count_}; }

  static void find_column(CellReader& reader, const std::vector<std::string>& columns) {
    reader.cell = -1;
    reader.twice = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] != reader.column) continue;
      reader.twice = reader.cell >= 0;
      if (!reader.twice) reader.cell = static_cast<int32_t>(i);
    }
    for (CellReader& part : reader.parts) find_column(part, columns);
  }

  /// `count`: of the cells, which are split already; 0 if there are quotes.
  void decode_record(TurnBuilder& turn, std::string_view record, size_t count, size_t offset, int64_t line, bool utf8,
                     Arena& arena) {
    if (record.empty() && column_count_ != 1) return;
    uint32_t index = turn.add_record(record.substr(0, kMaxRecordBytes), offset, line);
    if (record.size() > kMaxRecordBytes) {
      turn.reject(index, diag::RecordTooLong{.bytes = static_cast<int64_t>(record.size()),
                                             .limit = static_cast<int64_t>(kMaxRecordBytes)});
      return;
    }
    if (!utf8 && !is_utf8(record)) [[unlikely]] {
      turn.reject(index, diag::BrokenUtf8{.offset = static_cast<int64_t>(first_broken_byte(record))});
      return;
    }
    if (count == 0) {
      std::string_view reason;
      count = split_quoted(form_, record, columns(), arena, reason);
      if (!reason.empty()) {
        turn.reject(index, diag::BrokenCsv{.reason = std::string(reason)});
        return;
      }
    }
    if (count != column_count_) {
      turn.reject(index, diag::CellCount{.found = static_cast<int64_t>(count),
                                         .expected = static_cast<int64_t>(column_count_)});
      return;
    }
    if (!comma_numbers_.empty()) write_number_cells(arena);
    if (reader_ != nullptr) {
      const uint32_t row = turn.next_row();
      frame_.columns = turn.columns();
      reader_->read(frame_, nullptr, row);
      turn.keep_row();
      return;
    }
    for (CellReader& field : fields_) convert_field(field, arena);
    turn.add_row(row_.data());
  }

  /// The leaves of a field, into their slots.
  void convert_field(CellReader& field, Arena& arena) {
    Slot* slots = row_.data() + field.first_leaf;
    std::memset(static_cast<void*>(slots), 0, (1 + field.shape.leaves) * sizeof(Slot));
    ConversionFault fault = read_field(field, slots + 1, arena);
    if (fault == ConversionFault::none) return;
    std::memset(static_cast<void*>(slots), 0, (1 + field.shape.leaves) * sizeof(Slot));
    slots[0].u8 = static_cast<uint8_t>(fault);
  }

  static const char* read_value(ReadFrame* frame, uint64_t field, const char* at, uint64_t) {
    CsvDecoder& self = *static_cast<NativeFrame*>(frame)->decoder;
    CellReader& reader = self.fields_[field];
    self.convert_field(reader, *self.arena_);
    for (size_t leaf = reader.first_leaf; leaf <= reader.first_leaf + reader.shape.leaves; ++leaf)
      self.turn_->write_leaf(leaf, self.row_[leaf]);
    return at;
  }

  bool is_null(const CsvCell& cell, TypeKind kind) const {
    if (cell.quoted == 0 && null_marker_ && cell.view() == *null_marker_) return true;
    return cell.size == 0 && kind != TypeKind::string && kind != TypeKind::bytes;
  }

  bool all_null(const CellReader& reader) const {
    for (const CellReader& part : reader.parts)
      if (!all_null(part)) return false;
    if (!reader.parts.empty()) return true;
    // A null string in an absent struct is an empty cell.
    return reader.cell >= 0 && !reader.twice &&
           (cells_[reader.cell].size == 0 || is_null(cells_[reader.cell], reader.shape.kind));
  }

  /// The leaves of the field are zero before.
  ConversionFault read_field(CellReader& reader, Slot* slots, Arena& arena) {
    const Shape& shape = reader.shape;
    if (!reader.parts.empty()) {
      if (shape.optional) {
        if (all_null(reader)) return ConversionFault::none;
        *slots++ = slot_u8(true);
      }
      for (CellReader& part : reader.parts) {
        ConversionFault fault = read_field(part, slots, arena);
        if (fault != ConversionFault::none) return fault;
        slots += part.shape.leaves;
      }
      return ConversionFault::none;
    }
    if (reader.cell < 0) return reader.has_default ? ConversionFault::none : ConversionFault::column_missing;
    if (reader.twice) return ConversionFault::duplicate;
    const CsvCell& cell = cells_[reader.cell];
    if (is_null(cell, shape.kind)) return shape.optional ? ConversionFault::none : ConversionFault::null;
    if (shape.optional) *slots++ = slot_u8(true);
    switch (shape.kind) {
      case TypeKind::integer:
      case TypeKind::floating:
      case TypeKind::decimal: {
        std::string_view number = trim(cell.view());
        if (!is_csv_number(number)) return ConversionFault::not_a_number;
        return read_number(shape, number, slots);
      }
      case TypeKind::timestamp:
        if (shape.unit != TimestampUnit::none && is_csv_number(trim(cell.view())))
          return read_number(shape, trim(cell.view()), slots);
        return read_text(shape, cell.view(), slots, arena);
      case TypeKind::boolean:
        if (cell.view() != "true" && cell.view() != "false") return ConversionFault::wrong_type;
        *slots = slot_u8(cell.view() == "true");
        return ConversionFault::none;
      case TypeKind::list:
      case TypeKind::map:
        return read_list(reader, cell.view(), slots, arena);
      case TypeKind::string:
      case TypeKind::bytes:
      case TypeKind::uuid:
      case TypeKind::date:
      case TypeKind::time:
      case TypeKind::duration:
      case TypeKind::enumeration:
      case TypeKind::json:
      case TypeKind::structure:
      case TypeKind::optional:
      case TypeKind::checked:
      case TypeKind::null:
      case TypeKind::error:
        return read_text(shape, cell.view(), slots, arena);
    }
    BRAID_UNREACHABLE("type kind");
  }

  /// The cell as the only field of a JSON record.
  static ConversionFault read_list(CellReader& reader, std::string_view text, Slot* slots, Arena& arena) {
    if (text.find('\n') != std::string_view::npos) return ConversionFault::wrong_type;
    std::string_view before = "{\"list\":", after = "}\n";
    size_t size = before.size() + text.size() + after.size();
    char* record = arena.allocate(size + kScanPadding);
    std::memcpy(record, before.data(), before.size());
    std::memcpy(record + before.size(), text.data(), text.size());
    std::memcpy(record + before.size() + text.size(), after.data(), after.size());
    std::memset(record + size, '\n', kScanPadding);
    Slot row[2];
    ScanError error;
    const char* end = reader.list->read_record(record, row, arena, error);
    if (end != record + size - 1) return error.too_deep ? ConversionFault::too_deep : ConversionFault::wrong_type;
    *slots = row[1];
    return static_cast<ConversionFault>(row[0].u8);
  }

  /// A column of numbers with a decimal comma; instants among them may be texts too.
  struct CommaNumber {
    size_t column;
    bool instant;
  };

  RecordForm form_;
  bool decimal_comma_;
  std::optional<std::string> null_marker_;
  std::string header_;
  bool named_by_plan_;
  std::unique_ptr<TimeZone> zone_;
  std::vector<Leaf> leaves_;
  std::vector<Slot> row_;
  std::vector<CellReader> fields_;
  std::vector<CsvCell> cells_;  ///< those of the header's columns, then those of comma_numbers_
  size_t column_count_ = 0;
  std::vector<CommaNumber> comma_numbers_;

  const RecordReaderSlot* native_;
  NativeFrame frame_;
  std::vector<LastDate> dates_;
  std::vector<int32_t> cell_of_;
  const RecordReader* reader_ = nullptr;  ///< of the call of decode, as what follows
  TurnBuilder* turn_ = nullptr;
  Arena* arena_ = nullptr;
};

}  // namespace

std::vector<std::string> csv_columns(const DecodePlan& plan, std::string_view header) {
  return plan.header.empty() ? columns_in(record_form(plan), header) : plan.header;
}

std::unique_ptr<Decoder> make_csv_decoder(const DecodePlan& plan, const RecordReaderSlot* native) {
  return std::make_unique<CsvDecoder>(plan, native);
}

}  // namespace braid
