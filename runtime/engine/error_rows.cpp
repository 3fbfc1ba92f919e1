// The rows of the ports: { product, version, reason, code, step, span, expression, output, calls, arguments, origin,
// bytes, row }, bare rows of named ports, and alerts.
#include <algorithm>

#include "runtime/codec/fault_report.h"
#include "runtime/data/json_text.h"
#include "runtime/data/kept_fields.h"
#include "runtime/data/text_forms.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/dispositions.h"
#include "runtime/operators/made_row.h"
#include "runtime/report/short_text.h"
#include "runtime/report/step_findings.h"

namespace braid {
namespace {

constexpr int kNumberOutOfRange = 6005, kTooManyDecimals = 6006;
constexpr int kBadTimestamp = 6008, kBadDate = 6009, kBadTimeOfDay = 6012, kBadDuration = 6013;
constexpr uint32_t kCheckRejected = 6201;

bool is_of_time(int code) {
  return code == kBadTimestamp || code == kBadDate || code == kBadTimeOfDay || code == kBadDuration;
}

/// "`{text}` in `{field}` is no number" → text, field
std::vector<std::string> placeholders(std::string_view message) {
  std::vector<std::string> names;
  for (size_t at = message.find('{'); at != std::string_view::npos; at = message.find('{', at + 1)) {
    size_t end = message.find('}', at);
    if (end == std::string_view::npos) break;
    std::string name(message.substr(at + 1, end - at - 1));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void append_text(std::string_view name, const Slot& text, std::vector<Field>& fields, std::vector<Slot>& slots) {
  fields.push_back({std::string(name), string_type()});
  slots.push_back(text);
}

}  // namespace

LedgerDispositions::Reason LedgerDispositions::reason_of(const Site& site, const RowReason& given,
                                                         const Record& record) const {
  const uint32_t code = given.code == 0 && !site.check.empty() ? kCheckRejected : given.code;
  Reason reason{std::string(given.detail), static_cast<int>(code), {}};
  if (given.expression < program_.expressions.size()) reason.expression = &program_.expressions[given.expression];
  const CatalogueEntry* entry = code == 0 ? nullptr : find_catalogue_entry(static_cast<int>(code));
  if (entry == nullptr) return reason;
  std::vector<std::pair<std::string, DiagnosticArgument>> arguments;
  if (!site.field.empty() && record.source < program_.sources.size()) {
    // A field that could not be read: the record is read once more, to say what stands there.
    const auto header = headers_.find({record.source, record.partition});
    const auto found = describe_field(decode_plan(program_.sources[record.source]), site.field, record.bytes.view(),
                                      header == headers_.end() ? std::string_view() : header->second);
    // Decoders only know that a number does not fit, or a part is no time; the second look says why.
    const bool nearer = found && ((reason.code == kNumberOutOfRange && found->code == kTooManyDecimals) ||
                                  (is_of_time(reason.code) && is_of_time(found->code)));
    if (found && (found->code == reason.code || nearer)) {
      reason.code = found->code;
      reason.text = found->message;
      for (const auto& [name, value] : found->arguments)
        if (const auto* text = std::get_if<std::string>(&value)) reason.arguments.emplace_back(name, *text);
      return reason;
    }
  }
  bool detail_used = false;
  for (const std::string& name : placeholders(entry->message)) {
    std::string value;
    auto stated = std::find_if(given.arguments.begin(), given.arguments.end(),
                               [&](const auto& argument) { return argument.first == name; });
    if (stated != given.arguments.end()) {
      value = stated->second;
    } else if (name == "operation" && reason.expression != nullptr) {
      value = reason.expression->text;
    } else if (name == "field") {
      value = site.field;
    } else if (name == "type") {
      value = site.expected;
    } else if (name == "check") {
      value = site.check;
    } else if (!detail_used) {
      value = given.detail;
      detail_used = true;
    }
    reason.arguments.emplace_back(name, value);
    arguments.emplace_back(name, value);
  }
  reason.text = diag::render_message(entry->message, arguments);
  return reason;
}

void LedgerDispositions::set_header(uint32_t source, uint32_t partition, std::string_view header) {
  if (!header.empty()) headers_.try_emplace({source, partition}, header);
}

void LedgerDispositions::append_origin(const Record& record, std::vector<Field>& fields, std::vector<Slot>& slots) {
  fields.push_back(
      {"origin",
       struct_type(
           {{"source", string_type()}, {"partition", string_type()}, {"position", int_type()}, {"line", int_type()}})});
  std::string_view partition;
  if (record.source < partition_names_.size() && record.partition < partition_names_[record.source].size())
    partition = partition_names_[record.source][record.partition];
  slots.push_back(text_slot(book_.relation_name(record.source)));
  slots.push_back(text_slot(partition));
  bool made = record.source == made_source(program_);  // by a window: its bytes are its key and its window
  slots.push_back(slot_i64(made ? 0 : record.position));
  slots.push_back(slot_i64(record.line == kMadeByWindow ? 0 : record.line));
}

void LedgerDispositions::append_expression(const FallibleExpression* expression, std::vector<Field>& fields,
                                           std::vector<Slot>& slots) {
  auto append_optional = [&](std::string_view name, std::string_view text) {
    fields.push_back({std::string(name), optional_type(string_type())});
    slots.push_back(slot_u8(!text.empty()));
    slots.push_back(text_slot(text));
  };
  append_optional("expression", expression == nullptr ? std::string_view() : expression->text);
  append_optional("output", expression == nullptr ? std::string_view() : expression->output);
  const size_t count = expression == nullptr ? 0 : expression->call_places.size();
  auto* calls = arena_.allocate_array<Slot>(std::max<size_t>(count, 1));
  for (size_t i = 0; i < count; ++i) calls[i] = text_slot(expression->call_places[i]);
  fields.push_back({"calls", list_type(string_type())});
  Slot list = slot_i128(0);
  list.list = {calls, count};
  slots.push_back(list);
}

void LedgerDispositions::append_row(const std::vector<Field>& row_type, const Block& block, uint32_t row,
                                    std::vector<Field>& fields, std::vector<Slot>& slots) {
  std::vector<Field> shown;
  size_t column = 0;
  for (const Field& field : row_type) {
    if (!is_shown(field)) {
      column += leaf_count(field.type);
      continue;
    }
    if (!is(field.type, TypeKind::checked)) {
      shown.push_back(field);
      for (size_t i = leaf_count(field.type); i > 0; --i) slots.push_back(read_slot(block.columns[column++], row));
      continue;
    }
    // What could not be converted, or has not been, is shown as null.
    const Type& inner = field.type->element;
    shown.push_back({field.name, optional_type(inner)});
    bool converted = block.columns[column++].as<uint8_t>()[row] == 0;
    if (is_optional(inner)) converted = block.columns[column++].as<uint8_t>()[row] != 0 && converted;
    slots.push_back(slot_u8(converted));
    for (size_t i = leaf_count(without_optional(inner)); i > 0; --i)
      slots.push_back(read_slot(block.columns[column++], row));
  }
  fields.push_back({"row", struct_type(std::move(shown))});
}

const LedgerDispositions::RowFields& LedgerDispositions::row_shape(const std::string& port, std::vector<Field> fields) {
  RowFields& last = shapes_[port];
  const bool alike = last != nullptr && std::equal(last->fields.begin(), last->fields.end(), fields.begin(),
                                                   fields.end(), [](const Field& a, const Field& b) {
                                                     return a.name == b.name && same(a.type, b.type);
                                                   });
  if (!alike) {
    std::vector<Leaf> leaves = flatten(fields);
    last = std::make_shared<const RowShape>(RowShape{std::move(fields), std::move(leaves)});
  }
  return last;
}

void LedgerDispositions::write_slots(int product, const std::string& port, const Record& cause, const RowFields& fields,
                                     const std::vector<Slot>& slots, int64_t time) {
  Block block = allocate_block(fields->leaves, 1, arena_);
  block.rows = 1;
  block.time[0] = time;
  block.watermark[0] = 0;
  block.record[0] = 0;
  auto* origin = arena_.allocate_array<Record>(1);  // outputs carry its trace on
  *origin = cause;
  origin->bytes = {};
  block.records = origin;
  for (size_t i = 0; i < slots.size(); ++i) write_slot(block.columns[i], 0, slots[i]);
  port_rows_.push_back({product, port, cause.turn, cause.ordinal, fields, std::move(block)});
}

void LedgerDispositions::write_ports() {
  std::vector<uint32_t> order(port_rows_.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const PortRow &x = port_rows_[a], &y = port_rows_[b];
    return std::tuple(x.turn, x.ordinal, a) < std::tuple(y.turn, y.ordinal, b);
  });
  for (uint32_t i : order)
    output_.write(port_rows_[i].product, port_rows_[i].port, port_rows_[i].fields->fields, port_rows_[i].block);
  port_rows_.clear();
}

void LedgerDispositions::write_error_row(const std::vector<int>& products, const std::string& port, const Site& site,
                                         const Reason& reason, const Record& record, const std::vector<Field>* row_type,
                                         const Block* block, uint32_t row, bool is_change) {
  std::vector<Field> fields;
  fields.reserve(16);
  fields.push_back({"product", string_type()});
  fields.push_back({"version", int_type()});
  std::vector<Slot> slots(2);
  slots.reserve(32);
  append_text("reason", text_slot(reason.text), fields, slots);
  append_text("code", text_slot(reason.code == 0 ? std::string() : fmt::format("E{:04}", reason.code)), fields, slots);
  append_text("step", text_slot(site.step), fields, slots);
  append_text("span", text_slot(reason.expression == nullptr ? site.place : reason.expression->place), fields, slots);
  append_expression(reason.expression, fields, slots);
  std::vector<Field> arguments;
  for (const auto& [name, value] : reason.arguments) {
    arguments.push_back({name, string_type()});
    slots.push_back(text_slot(value));
  }
  fields.push_back({"arguments", struct_type(std::move(arguments))});
  append_origin(record, fields, slots);
  std::string bytes;
  if (record.line == kMadeByWindow) {
    // The group may be in a stage before this one.
    bytes = made_row_text(program_.whole == nullptr ? program_ : *program_.whole, record.bytes.view());
  } else if (is_utf8(record.bytes.view())) {
    bytes = record.bytes.view();
  } else {
    append_base64(bytes, record.bytes.view());
  }
  append_text("bytes", text_slot(bytes), fields, slots);
  const size_t row_at = slots.size();
  if (row_type != nullptr) append_row(*row_type, *block, row, fields, slots);
  if (!given_.empty() && !is_change) {
    const std::string code = reason.code == 0 ? std::string() : fmt::format("E{:04}", reason.code);
    give_standing(products, port, {reason.text, code, site.step}, record, &bytes,
                  row_type != nullptr ? fields.back().type : nullptr, slots.data() + row_at);
  }
  const RowFields shared = row_shape(port, std::move(fields));
  for (int product : products) {
    slots[0] = text_slot(program_.products[product].qualified());
    slots[1] = slot_i64(program_.products[product].version);
    write_slots(product, port, record, shared, slots);
  }
}

void LedgerDispositions::give_bare(const std::vector<int>& products, const std::string& port,
                                   const std::vector<Field>& row_type, const Block& block, uint32_t row) {
  if (given_.empty() || silent_) return;
  const size_t leaves = flatten(row_type).size();
  for (const int product : products) {
    if (!given_.reads(product, port)) continue;
    std::vector<Slot> slots;
    for (size_t leaf = 0; leaf < leaves; ++leaf) slots.push_back(read_slot(block.columns[leaf], row));
    given_.give(product, port, block.record_of(row), block.time == nullptr ? kNoTime : block.time[row],
                block.watermark == nullptr ? kNoTime : block.watermark[row], std::move(slots));
  }
}

void LedgerDispositions::give_standing(const std::vector<int>& products, const std::string& port,
                                       const std::vector<std::string_view>& texts, const Record& record,
                                       const std::string* bytes, const Type& row_type, const Slot* row) {
  if (silent_) return;
  for (const int product : products) {
    if (!given_.reads(product, port)) continue;
    std::vector<Field> fields;
    std::vector<Slot> slots;
    for (const std::string_view text : texts) slots.push_back(text_slot(text));
    append_origin(record, fields, slots);
    if (bytes != nullptr) slots.push_back(text_slot(*bytes));
    std::string json, canonical;
    if (row_type != nullptr) append_json(row_type, row, json);
    const bool there = !json.empty() && canonical_json(json, canonical) == JsonFault::none;
    slots.push_back(slot_u8(there));
    slots.push_back(there ? text_slot(canonical) : slot_i128(0));
    given_.give(product, port, record, kNoTime, kNoTime, std::move(slots));
  }
}

void LedgerDispositions::stop(const std::vector<int>& products, const Site& site, const Reason& reason,
                              const Record& record, const std::vector<Field>& row_type, const Block& block,
                              uint32_t row) {
  if (!stopped_.ok()) return;
  std::string origin = book_.relation_name(record.source);
  if (record.source < partition_names_.size() && record.partition < partition_names_[record.source].size())
    if (const std::string& partition = partition_names_[record.source][record.partition]; !partition.empty())
      origin += ", " + partition;
  if (record.line > 0) {
    origin += fmt::format(", line {}", record.line);
  } else if (record.line == kMadeByWindow) {
    origin = made_row_text(program_.whole == nullptr ? program_ : *program_.whole, record.bytes.view());
  } else {
    origin += fmt::format(", position {}", record.position);
  }
  std::vector<Field> fields;
  std::vector<Slot> slots;
  append_row(row_type, block, row, fields, slots);
  std::string shown;
  append_json(fields.back().type, slots.data(), shown);
  if (!shows(products.front(), site.span)) shown.clear();
  constexpr size_t kLongest = 300;
  const Diagnostic told = diag::CheckStops{.check = site.check,
                                           .product = program_.products[products.front()].qualified(),
                                           .place = site.place,
                                           .reason = reason.text,
                                           .origin = origin,
                                           .row = shortened(shown, kLongest)}
                              .make();
  stopped_ = Error{ErrorKind::input, told.message, told.code, 0};
}

void LedgerDispositions::write_bare(const std::vector<int>& products, const std::string& port,
                                    const std::vector<Field>& row_type, const Block& block, uint32_t row) {
  if (silent_) return;
  std::vector<Field> fields;
  std::vector<Slot> slots;
  append_row(row_type, block, row, fields, slots);
  const RowFields bare = row_shape(port, fields.back().type->fields);
  const int64_t time = block.time == nullptr ? kNoTime : block.time[row];
  for (int product : products) write_slots(product, port, block.record_of(row), bare, slots, time);
}

void LedgerDispositions::alert(int op, const Block& block, uint32_t row, std::string_view check) {
  const Operator& self = program_.operators[op];
  const Record& record = block.record_of(row);
  if (const std::vector<int> shown = hiding(self.products, false); !shown.empty())
    write_alert(shown, self.row, record, block, row, check);
  for (const int product : hiding(self.products, true))
    if (shows(product, self.span)) write_alert({product}, self.row, hidden(record), block, row, check);
}

void LedgerDispositions::write_alert(const std::vector<int>& products, const std::vector<Field>& row_type,
                                     const Record& record, const Block& block, uint32_t row, std::string_view check) {
  std::vector<Field> fields;
  std::vector<Slot> slots;
  append_text("check", text_slot(check), fields, slots);
  append_origin(record, fields, slots);
  const size_t row_at = slots.size();
  append_row(row_type, block, row, fields, slots);
  if (!given_.empty())
    give_standing(products, "alerts", {check}, record, nullptr, fields.back().type, slots.data() + row_at);
  const RowFields shared = row_shape("alerts", std::move(fields));
  for (const int product : products) {
    ++book_.product(product).alerts;
    if (!silent_) write_slots(product, "alerts", record, shared, slots);
  }
}

}  // namespace braid
