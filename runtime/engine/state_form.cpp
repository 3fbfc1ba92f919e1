#include "runtime/engine/state_form.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <vector>

#include "runtime/data/type.h"
#include "runtime/data/value.h"
#include "runtime/engine/dispositions.h"
#include "runtime/engine/running_form.h"
#include "runtime/operators/operator.h"

namespace braid {
namespace {

constexpr char kBetween = '\x1f';  ///< symbols of an enum
constexpr std::string_view kEnum = "enum(", kDecimal = "decimal(", kEighths = "eighths;";

/// Names of fields are not a part of stored rows.
std::string form_of(const Type& type) {
  switch (type->kind) {
    case TypeKind::enumeration: {
      std::string text(kEnum);
      for (const std::string& symbol : type->symbols) text += symbol + kBetween;
      return text + ")";
    }
    case TypeKind::optional:
      return form_of(type->element) + "?";
    case TypeKind::list:
      return "[" + form_of(type->element) + "]";
    case TypeKind::structure: {
      std::string text = "{";
      for (const Field& field : type->fields) text += form_of(field.type) + ";";
      return text + "}";
    }
    default:
      return to_string(type);
  }
}

std::string form_of(const std::vector<Field>& row) {
  std::string text;
  for (const Field& field : row) text += form_of(field.type) + ";";
  return text;
}

std::vector<std::string> forms_of(const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row) {
  std::vector<std::string> forms;
  const auto argument = [&](int field) { return field < 0 ? std::string("-") : form_of(row[field].type); };
  for (const AggregateSpec& aggregate : aggregates) {
    forms.push_back(fmt::format("{}\t{}\t{}\t{}", static_cast<int>(aggregate.kind), aggregate.same_argument,
                                argument(aggregate.argument), argument(aggregate.by)));
    // Of the other constants states know nothing.
    if (aggregate.kind == AggregateKind::histogram)
      forms.back() += "\t" + to_literal(list_type(row[aggregate.argument].type), aggregate.constant);
  }
  return forms;
}

/// Reads what form_of() writes. Null: it is not such a text.
Type read_form(std::string_view& text) {
  const auto take = [&](std::string_view word) {
    const bool found = text.starts_with(word);
    if (found) text.remove_prefix(word.size());
    return found;
  };
  Type type;
  if (take(kEnum)) {
    std::vector<std::string> symbols;
    for (size_t end = 0; !take(")"); text.remove_prefix(end + 1)) {
      end = text.find(kBetween);
      if (end == std::string_view::npos) return nullptr;
      symbols.emplace_back(text.substr(0, end));
    }
    type = enum_type(std::move(symbols));
  } else if (take(kDecimal)) {
    int digits = 0, scale = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, digits);
    if (first.ptr == end) return nullptr;
    const auto second = std::from_chars(first.ptr + 1, end, scale);
    text.remove_prefix(static_cast<size_t>(second.ptr - text.data()));
    if (!take(")")) return nullptr;
    type = decimal_type(digits, scale);
  } else if (take("[")) {
    const Type element = read_form(text);
    if (!element || !take("]")) return nullptr;
    type = list_type(element);
  } else if (take("checked<")) {
    const Type element = read_form(text);
    if (!element || !take(">")) return nullptr;
    type = checked_type(element);
  } else if (take("{")) {
    std::vector<Field> fields;
    while (!take("}")) {
      const Type field = read_form(text);
      if (!field || !take(";")) return nullptr;
      fields.push_back({std::to_string(fields.size()), field});
    }
    type = struct_type(std::move(fields));
  } else {
    for (const Type& plain : {bool_type(), int_type(), float_type(), string_type(), bytes_type(), uuid_type(),
                              date_type(), timestamp_type(), time_type(), duration_type(), json_type()})
      if (take(to_string(plain))) {
        type = plain;
        break;
      }
    if (!type) return nullptr;
  }
  return take("?") ? optional_type(type) : type;
}

/// The relations that rows of an operator may name as where they come from (Record::source).
class Origins {
 public:
  /// `whole_records`: they wait in the state as they came.
  Origins(const Program& program, const ProductPlaces& places, bool whole_records)
      : program_(program), places_(places) {
    if (whole_records && program.whole == nullptr && !find_ways(program, bits_).ok()) bits_.clear();
  }

  /// Of an input, to which rows that steps make come in so many ways.
  void begin(int op, uint32_t ways) {
    ways_ = ways;
    add(op);
  }
  std::string text() const { return fmt::format("{}", fmt::join(found_, ";")); }

 private:
  void add(int op) {
    const Operator& step = program_.operators[op];
    if (const auto* source = std::get_if<SourceOperator>(&step.content)) return add_source(source->source);
    if (const auto* publish = std::get_if<PublishOperator>(&step.content)) return add_product(publish->product);
    if (const auto* port = std::get_if<PortOperator>(&step.content)) return add_product(port->product);
    if (makes_rows(step)) {
      found_.insert(fmt::format("{} made{}", made_source(program_), ways_ > 1 ? fmt::format("*{}", ways_) : ""));
      return;
    }
    for (const int input : step.inputs) add(input);
  }
  void add_source(int source) {
    if (!program_.sources[source].is_exchange()) {
      found_.insert(fmt::format("{} {}{}", source, program_.sources[source].name, ways(static_cast<size_t>(source))));
      return;
    }
    // Rows of another stage name the relations of the whole program.
    const Program& whole = program_.whole == nullptr ? program_ : *program_.whole;
    for (size_t i = 0; i < whole.sources.size(); ++i) found_.insert(fmt::format("{} {}", i, whole.sources[i].name));
    for (size_t i = 0; i < whole.products.size(); ++i)
      found_.insert(fmt::format("{} {}", whole.sources.size() + i, whole.products[i].qualified()));
  }
  void add_product(int product) {
    const size_t number = program_.sources.size() + static_cast<size_t>(product);
    std::string name = program_.products[product].qualified();
    if (places_.ways(product) > 1) name += "(" + places_.text(product) + ")";
    found_.insert(fmt::format("{} {}{}", number, name, ways(number)));
  }
  std::string ways(size_t relation) const {
    std::map<int, std::string> by_bit;
    for (size_t product = 0; product < bits_.size(); ++product)
      if (bits_[product][relation] >= 0) by_bit[bits_[product][relation]] = program_.products[product].qualified();
    std::string text;
    for (const auto& [bit, product] : by_bit) text += (text.empty() ? "=" : ",") + product;
    return text;
  }

  const Program& program_;
  const ProductPlaces& places_;
  uint32_t ways_ = 0;  ///< of made rows, at the input
  std::vector<std::vector<int>> bits_;
  std::set<std::string> found_;
};

bool holds_records(const Operator& op) {
  return std::holds_alternative<AsOfJoinOperator>(op.content) ||
         std::holds_alternative<IntervalJoinOperator>(op.content) ||
         std::holds_alternative<UniqueOperator>(op.content) || std::holds_alternative<InOrderOperator>(op.content) ||
         std::holds_alternative<InstantsOperator>(op.content) || std::holds_alternative<EmitOperator>(op.content) ||
         std::holds_alternative<MatchOperator>(op.content) || std::holds_alternative<RunningOperator>(op.content);
}

}  // namespace

bool forgets_origins(const AggregateSpec& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::count:
    case AggregateKind::sum:
    case AggregateKind::minimum:
    case AggregateKind::maximum:
    case AggregateKind::average:
    case AggregateKind::count_distinct:
      return true;
    default:
      return false;
  }
}

std::string form_of_type(const Type& type) {
  return form_of(type);
}

std::optional<std::vector<std::vector<Field>>> rows_of_form(std::string_view types) {
  if (types.starts_with(kEighths)) types.remove_prefix(kEighths.size());
  std::vector<std::vector<Field>> rows;
  while (!types.empty()) {
    std::vector<Field>& row = rows.emplace_back();
    while (!types.starts_with('|')) {
      const Type type = read_form(types);
      if (!type || !types.starts_with(';')) return std::nullopt;
      types.remove_prefix(1);
      row.push_back({std::to_string(row.size()), type});
    }
    types.remove_prefix(1);
  }
  return rows;
}

namespace {

std::string origins_of(const Program& program, const ProductPlaces& places, const std::vector<uint32_t>& made_ways,
                       const Operator& op) {
  if (const auto* group = std::get_if<GroupOperator>(&op.content))
    if (std::ranges::all_of(group->aggregates, forgets_origins)) return "";
  if (std::holds_alternative<TableJoinOperator>(op.content)) return "";
  Origins origins(program, places, holds_records(op));
  for (const int input : op.inputs) origins.begin(input, made_ways[static_cast<size_t>(input)]);
  return origins.text();
}

/// Walks over two texts side by side.
class Comparison {
 public:
  Comparison(std::string_view stored, std::string_view now) : stored_(stored), now_(now) {}

  FormFit run() {
    while (!stored_.empty() && !now_.empty()) {
      if (stored_.starts_with(kEnum) && now_.starts_with(kEnum)) {
        if (!take_enum()) return FormFit::types;
      } else if (stored_.starts_with(kDecimal) && now_.starts_with(kDecimal)) {
        if (!take_decimal()) return FormFit::types;
      } else if (stored_.front() != now_.front()) {
        return FormFit::types;
      } else {
        stored_.remove_prefix(1);
        now_.remove_prefix(1);
      }
    }
    if (!stored_.empty() || !now_.empty()) return FormFit::types;
    return wider_ ? FormFit::wider : FormFit::same;
  }

 private:
  static std::string_view take(std::string_view& text) {
    const size_t end = text.find(')') + 1;
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end);
    return taken;
  }
  /// Values are places among the symbols.
  bool take_enum() {
    std::string_view before = take(stored_), after = take(now_);
    before.remove_suffix(1);
    wider_ |= before.size() + 1 < after.size();
    return after.starts_with(before);
  }
  /// Unscaled numbers, of 8 bytes up to 18 digits.
  bool take_decimal() {
    constexpr int kShort = 18;
    const auto [digits_before, scale_before] = numbers(take(stored_));
    const auto [digits, scale] = numbers(take(now_));
    wider_ |= digits_before < digits;
    return scale_before == scale && digits_before <= digits && (digits_before <= kShort) == (digits <= kShort);
  }
  static std::pair<int, int> numbers(std::string_view decimal) {
    std::pair<int, int> found;
    decimal.remove_prefix(kDecimal.size());
    const char* end = decimal.data() + decimal.size();
    const auto digits = std::from_chars(decimal.data(), end, found.first);
    std::from_chars(std::min(digits.ptr + 1, end), end, found.second);
    return found;
  }

  std::string_view stored_, now_;
  bool wider_ = false;
};

}  // namespace

StateForms::StateForms(const Program& program) : program_(program), places_(program), made_ways_(made_ways(program)) {}

StateForm StateForms::of(const Operator& op) const {
  StateForm form;
  form.origins = origins_of(program_, places_, made_ways_, op);
  // The buckets of an interval join are an eighth of its interval.
  if (std::holds_alternative<IntervalJoinOperator>(op.content)) form.types = kEighths;
  const std::vector<Field>& row = program_.operators[op.inputs[0]].row;
  if (const auto* group = std::get_if<GroupOperator>(&op.content)) {
    for (const int key : group->keys) form.types += form_of(row[key].type) + ";";
    form.aggregates = forms_of(group->aggregates, row);
    return form;
  }
  if (std::holds_alternative<RetimeOperator>(op.content)) return form;
  for (const int input : op.inputs) form.types += form_of(program_.operators[input].row) + "|";
  if (std::holds_alternative<LookupOperator>(op.content)) form.types += form_of(op.row) + "|";  // with the answer
  if (const auto* running = std::get_if<RunningOperator>(&op.content)) {
    form.aggregates = forms_of(running->aggregates, row);
    form.places = read_places(*running);
  }
  return form;
}

FormFit compare_types(std::string_view stored, std::string_view now) {
  return Comparison(stored, now).run();
}

FormFit compare_forms(const StateForm& stored, const StateForm& now) {
  if (stored.aggregates.size() != now.aggregates.size()) return FormFit::types;
  FormFit fit = compare_types(stored.types, now.types);
  for (size_t i = 0; i < now.aggregates.size() && fit != FormFit::types; ++i)
    if (const FormFit each = compare_types(stored.aggregates[i], now.aggregates[i]); each != FormFit::same) fit = each;
  if (fit == FormFit::types) return fit;
  return stored.origins == now.origins ? fit : FormFit::origins;
}

std::optional<FormedAggregate> aggregate_of(const std::string& form) {
  std::vector<std::string_view> words;
  for (std::string_view rest = form; !rest.empty();) {
    const size_t end = std::min(rest.find('\t'), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  constexpr size_t kWords = 4;
  if (words.size() != kWords) return std::nullopt;
  int kind = -1;
  std::from_chars(words[0].data(), words[0].data() + words[0].size(), kind);
  FormedAggregate made{.spec = {.kind = static_cast<AggregateKind>(kind), .type = int_type()}, .row = {}};
  for (const auto& [word, field] : {std::pair(words[2], &made.spec.argument), std::pair(words[3], &made.spec.by)}) {
    if (word == "-") continue;
    std::string_view text = word;
    const Type type = read_form(text);
    if (!type || !text.empty()) return std::nullopt;
    *field = static_cast<int>(made.row.size());
    made.row.push_back({std::to_string(made.row.size()), type});
  }
  // Of which type results are, states do not know; those of a chosen row are of its argument's.
  if (made.spec.argument >= 0) made.spec.type = made.row[static_cast<size_t>(made.spec.argument)].type;
  return made;
}

}  // namespace braid
