// The decoders against readers that are slow and obvious, and native decoders against those. The first byte of an input
// chooses how it is decoded.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "compiler/codegen/load/load.h"
#include "runtime/abi/record_reader.h"
#include "runtime/codec/avro_container.h"
#include "runtime/codec/avro_decoder.h"
#include "runtime/codec/decoder.h"
#include "runtime/codec/fault_report.h"
#include "runtime/codec/protobuf_decoder.h"
#include "runtime/codec/turn_cutter.h"
#include "runtime/data/value.h"
#include "tests/fuzz/avro_schema.h"
#include "tests/fuzz/protobuf_schema.h"
#include "tests/fuzz/strict_json.h"
#include "tests/fuzz/targets.h"

namespace braid::fuzz {
namespace {

/// The bytes in memory of just that size, so that a sanitizer sees what is read beyond them.
class Exact {
 public:
  explicit Exact(std::string_view text) : size_(text.size()), bytes_(new char[text.size()]) {
    std::memcpy(bytes_.get(), text.data(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

/// Describes every fault of every row, and looks at every value.
Verdict judge_rows(const DecodePlan& plan, const DecodedTurn& turn, std::string_view header) {
  size_t rows = 0;
  for (const Block& block : turn.blocks) {
    rows += block.rows;
    for (uint32_t row = 0; row < block.rows; ++row) {
      size_t column = 0;
      for (const DecodeField& field : plan.fields) {
        if (!field.touched) continue;
        const uint8_t fault = read_slot(block.columns[column++], row).u8;
        std::vector<Slot> slots;
        for (size_t i = 0; i < leaf_count(field.type); ++i) slots.push_back(read_slot(block.columns[column++], row));
        if (fault == 0) {
          const Value value = from_slots(field.type, slots.data());
          if (!is_strict_utf8(to_json(field.type, value))) return field.name + " holds broken UTF-8";
          continue;
        }
        const Record& record = turn.records[block.record[row]];
        const Diagnostic told =
            describe_fault(plan, field, static_cast<ConversionFault>(fault), record.bytes.view(), header);
        if (told.message.empty()) return fmt::format("fault {} of {} has no words", fault, field.name);
      }
    }
  }
  if (rows + turn.rejected.size() != turn.records.size())
    return fmt::format("{} records, {} rows and {} rejected", turn.records.size(), rows, turn.rejected.size());
  return std::nullopt;
}

/// A field of each kind, some of them not read.
std::vector<DecodeField> fields_of_each_kind(uint8_t choice) {
  const Type inner = struct_type({{"x", int_type()}, {"y", optional_type(string_type())}});
  std::vector<DecodeField> fields{
      {"flag", {"flag"}, bool_type()},
      {"count", {"count"}, optional_type(int_type())},
      {"share", {"share"}, float_type()},
      {"amount", {"amount"}, decimal_type(12, 2)},
      {"wide", {"wide"}, optional_type(decimal_type(38, 10))},
      {"name", {"name"}, string_type()},
      {"raw", {"raw"}, optional_type(bytes_type())},
      {"id", {"id"}, uuid_type()},
      {"day", {"day"}, date_type()},
      {"hour", {"hour"}, optional_type(time_type())},
      {"at", {"at"}, timestamp_type()},
      {"took", {"took"}, optional_type(duration_type())},
      {"state", {"state"}, enum_type({"open", "shut"})},
      {"tags", {"tags"}, optional_type(list_type(string_type()))},
      {"inner", {"inner"}, optional_type(inner)},
      {"deep", {"inner", "x"}, optional_type(int_type())},
  };
  for (size_t i = 0; i < fields.size(); ++i) fields[i].touched = ((choice >> (i % 4)) & 1) == 0;
  std::erase_if(fields, [](const DecodeField& field) { return !field.touched; });
  return fields;
}

constexpr uint8_t kFromStart = 0x10;  ///< of the choosing byte: the turn is the first of its partition
constexpr uint8_t kUnits = 0x20;      ///< timestamps may be numbers
constexpr uint8_t kZone = 0x40;       ///< timestamps may lack an offset

DecodePlan plan_of(Format format, uint8_t choice) {
  DecodePlan plan;
  plan.format = format;
  plan.fields = fields_of_each_kind(choice);
  if (choice & kUnits) plan.unit = TimestampUnit::milliseconds;
  if (choice & kZone) plan.zone = "Europe/Paris";
  return plan;
}

/// Native code for the plan of that choice, made when it is first asked for; null where the source stays as it is.
const RecordReaderSlot& native_reader(Format format, uint8_t choice) {
  struct Made {
    std::shared_ptr<const RecordReader> reader;
    RecordReaderSlot slot;
  };
  static std::map<std::pair<Format, uint8_t>, Made> known;
  const auto key = std::pair{format, static_cast<uint8_t>(choice & 0x6F)};  // what plan_of looks at
  const auto [found, fresh] = known.try_emplace(key);
  if (!fresh) return found->second.slot;
  SourceSpec source;
  source.name = "fuzz";
  source.binding.format = format == Format::csv        ? "csv"
                          : format == Format::avro     ? "avro"
                          : format == Format::protobuf ? "protobuf"
                                                       : "json";
  if (format == Format::avro) {
    std::string header;
    append_container_header(header, kSchemaOfEachKind, std::string(kMarkerBytes, '.'));
    source.avro = *plan_of_avro_header(plan_of(format, choice), header);
  }
  if (format == Format::protobuf) {
    DecodePlan plan = plan_of(format, choice);
    plan.bare_schema = kProtobufOfEachKind;
    source.protobuf = *table_of_bare_schema(plan);
  }
  if (choice & kUnits) source.binding.options.emplace_back("unit", "ms");
  for (const DecodeField& field : fields_of_each_kind(choice))
    source.decode.push_back({.name = field.name, .path = field.path, .type = field.type});
  const auto compile = codegen::load_compiler();
  if (!compile.ok()) return found->second.slot;
  typed::CallSites sites;
  auto code = (*compile)({}, {source}, sites, {});
  if (!code.ok()) return found->second.slot;
  found->second.reader = code->readers[0];
  found->second.slot.set(found->second.reader.get());
  return found->second.slot;
}

/// Whether both found the same: rejections, faults, values.
Verdict judge_equal(const DecodePlan& plan, const DecodedTurn& table, const DecodedTurn& native) {
  auto told = [&](const DecodedTurn& turn) {
    std::vector<std::string> lines{fmt::format("{} records", turn.records.size())};
    for (const RejectedRecord& each : turn.rejected)
      lines.push_back(fmt::format("{}: {}", each.record, each.diagnostic.message));
    for (const Block& block : turn.blocks) {
      for (uint32_t row = 0; row < block.rows; ++row) {
        std::string line = fmt::format("row of {}:", block.record[row]);
        size_t column = 0;
        for (const DecodeField& field : plan.fields) {
          line += fmt::format(" {} ", read_slot(block.columns[column++], row).u8);
          std::vector<Slot> slots;
          for (size_t i = 0; i < leaf_count(field.type); ++i) slots.push_back(read_slot(block.columns[column++], row));
          line += to_json(field.type, from_slots(field.type, slots.data()));
        }
        lines.push_back(std::move(line));
      }
    }
    return lines;
  };
  const std::vector<std::string> expected = told(table), found = told(native);
  for (size_t i = 0; i < std::min(expected.size(), found.size()); ++i)
    if (expected[i] != found[i]) return fmt::format("native code gives {}\ninstead of {}", found[i], expected[i]);
  if (expected.size() != found.size()) return "native code gives another number of rows";
  return std::nullopt;
}

std::string_view without_mark(std::string_view text, bool from_start) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (from_start && text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

// ---- CSV ------------------------------------------------------------------------------------------------------------

struct PlainCell {
  std::string text;
  bool quoted = false;
};
struct PlainRecord {
  std::vector<PlainCell> cells;
  std::string_view bytes;  ///< without its line end
  bool broken = false;
};

/// The first record of the text, which is cut off. A quote that is never closed makes its first line a broken record.
PlainRecord take_record(std::string_view& text) {
  PlainRecord record;
  const std::string_view whole = text;
  auto ends = [](std::string_view rest) { return rest.empty() || rest[0] == '\n' || rest[0] == '\r'; };
  size_t at = 0;
  auto finish = [&] {
    record.bytes = whole.substr(0, at);
    for (std::string_view end : {"\r\r\n", "\r\n", "\r", "\n"}) {
      if (!whole.substr(at).starts_with(end)) continue;
      text.remove_prefix(at + end.size());
      return;
    }
    text.remove_prefix(text.size());
  };
  while (true) {
    PlainCell cell;
    if (at < whole.size() && whole[at] == '"') {
      cell.quoted = true;
      for (++at;; ++at) {
        if (at >= whole.size()) {
          at = std::min(whole.find_first_of("\r\n"), whole.size());
          record.broken = true;
          finish();
          return record;
        }
        if (whole[at] == '"' && !(at + 1 < whole.size() && whole[at + 1] == '"')) break;
        if (whole[at] == '"') ++at;
        cell.text += whole[at];
      }
      ++at;
    }
    const size_t begin = at;
    while (!ends(whole.substr(at)) && whole[at] != ',') ++at;
    const std::string_view bare = whole.substr(begin, at - begin);
    if (cell.quoted ? !bare.empty() : bare.find('"') != std::string_view::npos) record.broken = true;
    if (!cell.quoted) cell.text = bare;
    record.cells.push_back(std::move(cell));
    if (at < whole.size() && whole[at] == ',') {
      ++at;
      continue;
    }
    finish();
    return record;
  }
}

}  // namespace

Verdict decode_any_ndjson(std::string_view input) {
  const uint8_t choice = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  const bool from_start = (choice & kFromStart) != 0;
  const Exact text(input.substr(std::min<size_t>(1, input.size())));
  const DecodePlan plan = plan_of(Format::ndjson, choice);
  Arena arena;
  const TurnInput whole{.bytes = text.view(), .position = from_start ? 0 : 1};
  const DecodedTurn turn = make_decoder(plan)->decode(whole, arena);
  // Twice, so that the second time the order of keys is known.
  const auto native = make_decoder(plan, &native_reader(Format::ndjson, choice));
  native->decode(whole, arena);
  if (Verdict differs = judge_equal(plan, turn, native->decode(whole, arena))) return differs;

  std::string_view rest = without_mark(text.view(), from_start);
  size_t record = 0, refused = 0;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    const bool is_record = line[first] == '{' && is_strict_json(line, kMaxNesting);
    const bool is_refused = refused < turn.rejected.size() && turn.rejected[refused].record == record;
    if (is_record == is_refused)
      return fmt::format("record {} is {}: {}", record,
                         is_refused ? "refused (" + turn.rejected[refused].diagnostic.message + ")" : "accepted", line);
    refused += is_refused;
    ++record;
  }
  if (record != turn.records.size()) return fmt::format("{} records, not {}", turn.records.size(), record);
  return judge_rows(plan, turn, {});
}

Verdict decode_any_avro(std::string_view input) {
  const uint8_t choice = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  const Exact text(input.substr(std::min<size_t>(1, input.size())));
  const DecodePlan plan = plan_of(Format::avro, choice);
  Arena arena;
  const auto table = make_decoder(plan);
  const DecodedTurn turn = table->decode({.bytes = text.view()}, arena);
  int64_t before = -1;
  for (const Record& record : turn.records) {
    if (record.position < before) return "records go back";
    before = record.position;
  }
  const auto native = make_decoder(plan, &native_reader(Format::avro, choice));
  if (Verdict differs = judge_equal(plan, turn, native->decode({.bytes = text.view()}, arena))) return differs;
  return judge_rows(plan, turn, table->header());
}

Verdict decode_any_protobuf(std::string_view input) {
  const uint8_t choice = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  const Exact text(input.substr(std::min<size_t>(1, input.size())));
  DecodePlan plan = plan_of(Format::protobuf, choice);
  plan.bare_schema = kProtobufOfEachKind;
  if (const Status fits = check_protobuf_schema(plan, plan.bare_schema, ""); !fits.ok()) return fits.error().message;
  const MessageInput message{.value = text.view()};
  const TurnInput turn{.messages = {&message, 1}};
  Arena arena, again;
  const auto decoder = make_decoder(plan);
  const DecodedTurn decoded = decoder->decode(turn, arena);
  // What was read before leaves nothing behind.
  if (Verdict differs = judge_equal(plan, decoded, decoder->decode(turn, again))) return differs;
  const auto native = make_decoder(plan, &native_reader(Format::protobuf, choice));
  if (Verdict differs = judge_equal(plan, decoded, native->decode(turn, again))) return differs;
  return judge_rows(plan, decoded, {});
}

Verdict decode_any_csv(std::string_view input) {
  const uint8_t choice = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  const Exact text(input.substr(std::min<size_t>(1, input.size())));
  if (choice & kFromStart) {
    // Typed fields, named by a header in the text: nothing to compare cells with, all else holds.
    const DecodePlan plan = plan_of(Format::csv, choice);
    Arena arena;
    const DecodedTurn turn = make_decoder(plan)->decode({.bytes = text.view()}, arena);
    const auto native = make_decoder(plan, &native_reader(Format::csv, choice));
    if (Verdict differs = judge_equal(plan, turn, native->decode({.bytes = text.view()}, arena))) return differs;
    const std::string_view whole = without_mark(text.view(), true);
    return judge_rows(plan, turn, whole.substr(0, first_record_bytes(Format::csv, whole, true)));
  }
  const size_t width = 1 + choice % 4;
  DecodePlan plan{.format = Format::csv};
  for (size_t cell = 0; cell < width; ++cell) {
    plan.header.push_back(fmt::format("c{}", cell));
    plan.fields.push_back({plan.header.back(), {plan.header.back()}, optional_type(string_type())});
  }
  plan.null_marker = "";
  Arena arena;
  const DecodedTurn turn = make_decoder(plan)->decode({.bytes = text.view(), .position = 1}, arena);

  size_t record = 0, refused = 0, row = 0, block = 0;
  for (std::string_view rest = text.view(); !rest.empty();) {
    const std::string_view from_here = rest;
    const PlainRecord expected = take_record(rest);
    if (first_record_bytes(Format::csv, from_here, true) != from_here.size() - rest.size())
      return fmt::format("record {} is cut elsewhere", record);
    if (expected.bytes.empty() && width != 1) continue;
    if (record >= turn.records.size()) return "a record is missing";
    const bool good = !expected.broken && expected.cells.size() == width && is_strict_utf8(expected.bytes);
    const bool is_refused = refused < turn.rejected.size() && turn.rejected[refused].record == record;
    if (good == is_refused)
      return fmt::format("record {} is {}", record,
                         is_refused ? "refused: " + turn.rejected[refused].diagnostic.message : "accepted");
    ++record;
    if (is_refused) {
      ++refused;
      continue;
    }
    if (row == turn.blocks[block].rows) {
      row = 0;
      ++block;
    }
    for (size_t cell = 0; cell < width; ++cell) {
      const PlainCell& wanted = expected.cells[cell];
      const bool null = wanted.text.empty() && !wanted.quoted;
      auto leaf = [&](size_t part) {
        return read_slot(turn.blocks[block].columns[3 * cell + part], static_cast<uint32_t>(row));
      };
      if (leaf(0).u8 != 0 || (leaf(1).u8 == 0) != null || leaf(2).bytes.view() != wanted.text)
        return fmt::format("cell {} of record {} is not `{}`", cell, record - 1, wanted.text);
    }
    ++row;
  }
  if (record != turn.records.size()) return fmt::format("{} records, not {}", turn.records.size(), record);
  return std::nullopt;
}

}  // namespace braid::fuzz
