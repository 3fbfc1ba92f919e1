#include "compiler/check/field_marks.h"

#include <algorithm>

#include "compiler/access/read_plan.h"
#include "compiler/check/flow.h"
#include "compiler/check/labelled_paths.h"
#include "runtime/report/access_findings.h"

namespace braid::checking {
namespace {

using typed::ExpressionRef;

/// `s?.f` is read as `s.f` is: what only converts stands for its operand. `less`: labels that are taken off on the way.
ExpressionRef bare(ExpressionRef value, std::set<std::string>* less = nullptr) {
  while (true) {
    for (const auto* each = value->declassified.get(); less != nullptr && each != nullptr; each = each->next.get())
      less->insert(each->label);
    if (const auto* convert = std::get_if<typed::Convert>(&value->node);
        convert != nullptr && convert->conversion != typed::Conversion::map_entries &&
        convert->conversion != typed::Conversion::entries_map) {
      value = convert->operand;
    } else if (const auto* choose = std::get_if<typed::Choose>(&value->node);
               choose != nullptr && std::holds_alternative<typed::IsNull>(choose->condition->node) &&
               std::holds_alternative<typed::Constant>(choose->then->node)) {
      value = choose->otherwise;
    } else {
      return value;
    }
  }
}

/// The column, and the path below it, that the value is read from; empty: it is computed.
std::vector<int> read_from(const ExpressionRef& value, std::set<std::string>* less = nullptr) {
  const ExpressionRef read = bare(value, less);
  if (const auto* column = std::get_if<typed::ColumnRead>(&read->node)) return {column->index};
  const auto* field = std::get_if<typed::FieldRead>(&read->node);
  if (field == nullptr) return {};
  std::vector<int> path = read_from(field->base, less);
  if (!path.empty()) path.push_back(field->index);
  return path;
}

/// Marks at the path below a column, or above it, as marks of what is read there.
ColumnMarks below(const ColumnMarks& marks, const std::vector<int>& path, size_t from) {
  ColumnMarks found;
  for (const FieldMark& mark : marks) {
    const size_t length = std::min(mark.path.size(), path.size() - from);
    if (!std::equal(mark.path.begin(), mark.path.begin() + static_cast<std::ptrdiff_t>(length),
                    path.begin() + static_cast<std::ptrdiff_t>(from)))
      continue;
    FieldMark moved = mark;
    moved.path.erase(moved.path.begin(), moved.path.begin() + static_cast<std::ptrdiff_t>(length));
    found.insert(std::move(moved));
  }
  return found;
}

ColumnMarks whole(const ColumnMarks& marks) {
  ColumnMarks made;
  for (FieldMark mark : marks) {
    mark.path.clear();
    made.insert(std::move(mark));
  }
  return made;
}

/// Of what only says something about values: a comparison, a count. It carries no label (compiler/lineage).
ColumnMarks test_of(const ColumnMarks& marks) {
  ColumnMarks made = whole(marks);
  std::erase_if(made, [](const FieldMark& mark) { return mark.kind == FieldMark::Kind::label; });
  return made;
}

bool is_test(const Type& type) {
  return is(without_optional(type), TypeKind::boolean);
}

/// Labels inside a field stand where a path of structs leads; those of lists at the list.
std::vector<int> path_of_label(const Type& type, const std::vector<int>& below) {
  std::vector<int> path;
  Type at = without_optional(type);
  for (const int index : below) {
    if (!is(at, TypeKind::structure) || static_cast<size_t>(index) >= at->fields.size()) break;
    path.push_back(index);
    at = without_optional(at->fields[static_cast<size_t>(index)].type);
  }
  return path;
}

/// What values are made of, over one row.
class ValueMarks {
 public:
  explicit ValueMarks(const RowMarks& row) : row_(row) {}

  ColumnMarks of(const ExpressionRef& value) {
    if (value == nullptr) return {};
    std::set<std::string> less;
    ColumnMarks found;
    if (const std::vector<int> path = read_from(value, &less); !path.empty()) {
      if (static_cast<size_t>(path.front()) < row_.size())
        found = below(row_[static_cast<size_t>(path.front())], path, 1);
    } else {
      less.clear();
      found = node(*bare(value, &less));
    }
    std::erase_if(
        found, [&](const FieldMark& mark) { return mark.kind == FieldMark::Kind::label && less.contains(mark.name); });
    return found;
  }

 private:
  static void add(ColumnMarks& into, const ColumnMarks& marks) { into.insert(marks.begin(), marks.end()); }
  ColumnMarks all_of(const std::vector<ExpressionRef>& parts) {
    ColumnMarks found;
    for (const ExpressionRef& part : parts) add(found, whole(of(part)));
    return found;
  }

  ColumnMarks node(const typed::Expression& value) {
    if (const auto* local = std::get_if<typed::LocalRead>(&value.node)) return locals_[local->slot];
    if (const auto* bind = std::get_if<typed::Bind>(&value.node)) {
      locals_[bind->slot] = of(bind->value);
      return of(bind->body);
    }
    if (const auto* field = std::get_if<typed::FieldRead>(&value.node))
      return below(of(field->base), {field->index}, 0);
    if (const auto* made = std::get_if<typed::MakeStruct>(&value.node)) {
      ColumnMarks found;
      for (size_t i = 0; i < made->fields.size(); ++i)
        for (FieldMark mark : of(made->fields[i])) {
          mark.path.insert(mark.path.begin(), static_cast<int>(i));
          found.insert(std::move(mark));
        }
      return found;
    }
    if (const auto* null = std::get_if<typed::IsNull>(&value.node)) {
      // Whether a struct is there tells nothing of its fields.
      if (is(without_optional(null->operand->type), TypeKind::structure)) return {};
      return test_of(of(null->operand));
    }
    if (const auto* choose = std::get_if<typed::Choose>(&value.node)) {
      ColumnMarks found = of(choose->then);
      add(found, of(choose->otherwise));
      add(found, test_of(of(choose->condition)));
      return found;
    }
    if (const auto* loop = std::get_if<typed::Loop>(&value.node)) return of_loop(*loop);
    ColumnMarks found = all_of(typed::parts(value));
    const auto* operation = std::get_if<typed::Operation>(&value.node);
    const bool compares =
        operation != nullptr && operation->op >= typed::Operator::equal && !is_test(operation->operands.front()->type);
    const bool asks = std::holds_alternative<typed::FunctionCall>(value.node) && is_test(value.type);
    return compares || asks ? test_of(found) : found;
  }

  ColumnMarks of_loop(const typed::Loop& loop) {
    const ColumnMarks list = whole(of(loop.list));
    locals_[loop.element] = list;
    locals_[loop.position] = test_of(list);
    ColumnMarks found = whole(of(loop.initial));
    // What one round adds to the state, the next one carries on.
    for (int round = 0; round < (loop.kind == typed::LoopKind::fold ? 2 : 1); ++round) {
      if (loop.kind == typed::LoopKind::fold) locals_[loop.state] = found;
      add(found, whole(of(loop.body)));
    }
    switch (loop.kind) {
      case typed::LoopKind::map:
      case typed::LoopKind::flat_map:
      case typed::LoopKind::fold:
        add(found, test_of(list));
        return found;
      case typed::LoopKind::filter:
      case typed::LoopKind::take_while:
      case typed::LoopKind::skip_while:
      case typed::LoopKind::find:
        found = test_of(found);
        add(found, list);
        return found;
      case typed::LoopKind::any:
      case typed::LoopKind::all:
      case typed::LoopKind::count:
      case typed::LoopKind::position:
        add(found, list);
        return test_of(found);
    }
    return found;
  }

  const RowMarks& row_;
  std::map<int, ColumnMarks> locals_;
};

class Walk {
 public:
  /// `masked`: told of a value that a step goes by.
  using Masked = std::function<void(const FieldMark& mark, std::string_view step, Span place)>;

  Walk(Context& context, const typed::Relation& relation, Masked masked = {})
      : context_(context), relation_(relation), masked_(std::move(masked)) {}

  RowMarks run() {
    if (relation_.source) {
      for (const typed::SourceField& field : relation_.source->fields) {
        ColumnMarks marks;
        for (const std::string& label : field.labels) marks.insert({FieldMark::Kind::label, label, {}, {}});
        for (const auto& [path, label] : field.labels_below)
          marks.insert({FieldMark::Kind::label, label, {}, path_of_label(field.type, path)});
        row_.push_back(std::move(marks));
      }
      row_.resize(relation_.row.size());
      return row_;
    }
    for (const typed::Step& step : relation_.steps) {
      span_ = step.span;
      std::visit([&](const auto& node) { take(node, step); }, step.content);
      row_.resize(step.row.size());
    }
    row_.resize(relation_.row.size());
    return row_;
  }

 private:
  const RowMarks& of(typed::RelationId id) {
    const typed::Relation& relation = context_.project.relations[static_cast<size_t>(id)];
    const auto known = context_.marks.find(id);
    if (known != context_.marks.end()) return known->second;
    RowMarks marks = Walk(context_, relation).run();
    return context_.marks[id] = std::move(marks);
  }

  static ColumnMarks read(const ExpressionRef& value, const RowMarks& row) { return ValueMarks(row).of(value); }
  ColumnMarks read(const ExpressionRef& value) const { return read(value, row_); }

  const FieldMark* masked_in(const ColumnMarks& marks) const {
    const auto found =
        std::ranges::find_if(marks, [](const FieldMark& mark) { return mark.kind == FieldMark::Kind::masked; });
    return found == marks.end() ? nullptr : &*found;
  }
  /// The part of the value, as it is written, that reads what is masked.
  Span place_in(const ExpressionRef& value, const RowMarks& row) const {
    const Span span = value->span;
    if (!read_from(value).empty()) return span;
    for (const ExpressionRef& part : typed::parts(*value)) {
      const Span inner = part->span;
      const bool written_in = inner.file == span.file && inner.begin >= span.begin && inner.end <= span.end;
      if (written_in && !inner.empty() && masked_in(read(part, row)) != nullptr) return place_in(part, row);
    }
    return span;
  }
  void goes_by(const ExpressionRef& value, std::string_view step, const RowMarks& row) {
    if (!masked_ || value == nullptr) return;
    const ColumnMarks marks = read(value, row);
    const FieldMark* mark = masked_in(marks);
    if (mark == nullptr) return;
    const Span place = place_in(value, row);
    masked_(*mark, step, place.empty() ? span_ : place);
  }
  void goes_by(const ExpressionRef& value, std::string_view step) { goes_by(value, step, row_); }
  void goes_by(const std::vector<ExpressionRef>& values, std::string_view step) {
    for (const ExpressionRef& value : values) goes_by(value, step);
  }

  ColumnMarks of_aggregate(const typed::Aggregate& aggregate, std::string_view step) {
    goes_by(aggregate.by, step);
    goes_by(aggregate.filter, step);
    const ColumnMarks argument = whole(read(aggregate.argument));
    const bool tests = aggregate.kind == typed::AggregateKind::count ||
                       aggregate.kind == typed::AggregateKind::count_distinct ||
                       aggregate.kind == typed::AggregateKind::approx_distinct;
    return tests ? test_of(argument) : argument;
  }

  static ColumnMarks as_struct(const RowMarks& row) {
    ColumnMarks made;
    for (size_t i = 0; i < row.size(); ++i)
      for (FieldMark mark : row[i]) {
        mark.path.insert(mark.path.begin(), static_cast<int>(i));
        made.insert(std::move(mark));
      }
    return made;
  }

  void take(const typed::FromStep& from, const typed::Step& step) {
    row_.clear();
    if (from.port.empty()) row_ = of(from.relation);
    row_.resize(step.row.size());
  }
  void take(const typed::TickStep&, const typed::Step& step) { row_.assign(step.row.size(), {}); }
  void take(const typed::UnionStep& other, const typed::Step&) {
    goes_by(other.keys, "union");
    const RowMarks& theirs = of(other.relation);
    for (size_t i = 0; i < other.columns.size() && i < row_.size(); ++i)
      if (const int column = other.columns[i]; column >= 0 && static_cast<size_t>(column) < theirs.size())
        row_[i].insert(theirs[static_cast<size_t>(column)].begin(), theirs[static_cast<size_t>(column)].end());
  }
  void take(const typed::WhereStep& where, const typed::Step&) {
    if (relation_.eyes_of < 0) goes_by(where.condition, "where");
  }
  void take(const typed::ProjectStep& project, const typed::Step&) {
    RowMarks made;
    const bool masks = project.word == access::kMaskWord && relation_.eyes_of >= 0;
    for (size_t i = 0; i < project.columns.size(); ++i) {
      made.push_back(read(project.columns[i]));
      if (masks) mask(project.columns[i], {}, i, made.back());
    }
    row_ = std::move(made);
  }
  /// Of a step that masks: the parts of a column that are no longer what they were.
  void mask(const ExpressionRef& value, std::vector<int> path, size_t column, ColumnMarks& marks) {
    std::vector<int> same{static_cast<int>(column)};
    same.insert(same.end(), path.begin(), path.end());
    if (read_from(value) == same) return;
    if (const auto* made = std::get_if<typed::MakeStruct>(&bare(value)->node)) {
      for (size_t i = 0; i < made->fields.size(); ++i) {
        std::vector<int> inner = path;
        inner.push_back(static_cast<int>(i));
        mask(made->fields[i], std::move(inner), column, marks);
      }
      return;
    }
    const typed::Relation& owner = context_.project.relations[static_cast<size_t>(relation_.eyes_of)];
    std::string name = owner.row[column].name;
    Type type = owner.row[column].type;
    for (const int part : path) {
      const Field& field = without_optional(type)->fields[static_cast<size_t>(part)];
      name += "." + field.name;
      type = field.type;
    }
    marks.insert({FieldMark::Kind::masked, name, owner.qualified(), std::move(path)});
  }
  void join(const auto& step) {
    goes_by(step.left_keys, "join");
    const RowMarks& right = of(step.relation);
    for (const ExpressionRef& key : step.right_keys) goes_by(key, "join", right);
    ColumnMarks side = as_struct(right);
    row_.push_back(std::move(side));
    goes_by(step.residual, "join");
    if (step.yield != typed::JoinYield::matches) row_.back().clear();
  }
  void take(const typed::JoinStep& step, const typed::Step& made) {
    goes_by(step.upper, "join");
    row_.resize(made.row.size() - 1);
    join(step);
  }
  void take(const typed::TableJoinStep& step, const typed::Step& made) {
    row_.resize(made.row.size() - 1);
    join(step);
  }
  void take(const typed::GroupStep& group, const typed::Step&) {
    goes_by(group.keys, "group");
    RowMarks folded;
    for (const ExpressionRef& key : group.keys) folded.push_back(read(key));
    for (const typed::Aggregate& aggregate : group.aggregates) folded.push_back(of_aggregate(aggregate, "group"));
    folded.emplace_back();  // the window
    RowMarks made;
    for (const ExpressionRef& value : group.finish) made.push_back(read(value, folded));
    row_ = std::move(made);
  }
  void take(const typed::TopStep& top, const typed::Step&) {
    goes_by(top.keys, "top");
    for (const typed::Ordering& order : top.orders) goes_by(order.value, "top");
  }
  void take(const typed::RunningStep& running, const typed::Step&) {
    goes_by(running.keys, "running");
    RowMarks results;
    for (const typed::Aggregate& aggregate : running.aggregates) results.push_back(of_aggregate(aggregate, "running"));
    row_.insert(row_.end(), results.begin(), results.end());
  }
  void take(const typed::LatestStep& latest, const typed::Step&) { goes_by(latest.keys, "last"); }
  void take(const typed::DistinctStep& distinct, const typed::Step&) { goes_by(distinct.keys, "distinct"); }
  void take(const typed::EmitStep&, const typed::Step&) {}
  void take(const typed::InWindowsStep&, const typed::Step&) {}
  void take(const typed::MatchStep& match, const typed::Step& step) {
    goes_by(match.keys, "match");
    RowMarks made;
    for (const ExpressionRef& key : match.keys) made.push_back(read(key));
    RowMarks asked = row_, shown = row_;
    shown.resize(typed::fields_of_elements(match, step.row));  // what is kept for conditions stands behind them
    for (const typed::PatternElement& element : match.elements) {
      ColumnMarks rows = as_struct(shown);
      if (element.list) rows = whole(rows);
      if (element.kind != typed::ElementKind::absent) asked.push_back(rows);
      goes_by(element.condition, "match", asked);
      if (element.kind != typed::ElementKind::absent) made.push_back(std::move(rows));
    }
    row_ = std::move(made);
  }
  void take(const typed::UnnestStep& unnest, const typed::Step& step) {
    const ColumnMarks element = whole(read(unnest.list));
    row_.resize(step.row.size() - 1);
    row_.push_back(element);
  }
  void take(const typed::LookupStep& lookup, const typed::Step& step) {
    goes_by(lookup.keys, "lookup");
    ColumnMarks asked;
    for (const ExpressionRef& argument : lookup.arguments) {
      goes_by(argument, "lookup");
      asked.merge(whole(read(argument)));
    }
    const typed::Service& service = context_.project.services[static_cast<size_t>(lookup.service)];
    for (size_t i = 0; i < service.result_labels.size(); ++i)
      for (const std::string& label : service.result_labels[i])
        asked.insert({FieldMark::Kind::label, label, {}, {static_cast<int>(i)}});
    row_.resize(step.row.size() - 1);
    row_.push_back(std::move(asked));
  }

  Context& context_;
  const typed::Relation& relation_;
  Masked masked_;
  RowMarks row_;
  Span span_;
};

}  // namespace

RowMarks marks_of(Context& context, const typed::Relation& relation) {
  return Walk(context, relation).run();
}

std::vector<std::string> labels_of(const RowMarks& marks, int field) {
  std::set<std::string> labels;
  if (static_cast<size_t>(field) < marks.size())
    for (const FieldMark& mark : marks[static_cast<size_t>(field)])
      if (mark.kind == FieldMark::Kind::label) labels.insert(mark.name);
  return {labels.begin(), labels.end()};
}

std::map<std::vector<int>, std::vector<std::string>> labelled_paths(const RowMarks& marks, int field) {
  std::map<std::vector<int>, std::vector<std::string>> labels;
  for (const FieldMark& mark : marks[static_cast<size_t>(field)]) {
    if (mark.kind != FieldMark::Kind::label) continue;
    std::vector<int> path{field};
    path.insert(path.end(), mark.path.begin(), mark.path.end());
    labels[path].push_back(mark.name);
  }
  return labels;
}

void check_masked_keys(Context& context, const typed::Relation& relation) {
  std::set<std::tuple<std::string, uint32_t, uint32_t>> told;
  std::set<std::string> names;  // of which a step has told
  auto report = [&](const FieldMark& mark, std::string_view step, Span place) {
    if (!told.emplace(mark.name, place.file, place.begin).second) return;
    names.insert(mark.name);
    context.reporter.report(diag::MaskedKey{.step = std::string(step), .field = mark.name, .relation = mark.relation})
        .at(place, "made of a value that is masked here")
        .note("its owner can except this domain from the mask: `mask " + mark.name + " with … except domain " +
              relation.domain + "`; `" + relation.domain + "` can go by another field");
  };
  const RowMarks marks = Walk(context, relation, report).run();
  auto of_row = [&](const std::vector<int>& path, std::string_view what, Span place) {
    if (path.empty() || static_cast<size_t>(path.front()) >= marks.size()) return;
    for (const FieldMark& mark : below(marks[static_cast<size_t>(path.front())], path, 1))
      if (mark.kind == FieldMark::Kind::masked && !names.contains(mark.name)) return report(mark, what, place);
  };
  if (relation.eyes_of >= 0) return;
  for (const std::vector<int>& path : relation.key) of_row(path, "key", relation.span);
  for (const typed::Unique& unique : relation.uniques)
    for (size_t i = 0; i < unique.fields.size(); ++i) {
      std::vector<int> path{unique.fields[i]};
      if (i < unique.below.size()) path.insert(path.end(), unique.below[i].begin(), unique.below[i].end());
      of_row(path, "unique", unique.span);
    }
}

}  // namespace braid::checking
