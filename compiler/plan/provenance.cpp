#include "compiler/plan/provenance.h"

#include <map>
#include <set>
#include <string_view>

#include "compiler/plan/digest.h"
#include "compiler/plan/meaning.h"
#include "runtime/abi/state_parts.h"
#include "runtime/base/check.h"

namespace braid::plan {

using typed::ExpressionRef;

namespace {

/// Where the values of a column come from; of a struct whose fields have origins of their own, what tells whether it is
/// there.
struct Origin {
  uint64_t value = 0;
  std::vector<Origin> fields;
};
using Origins = std::vector<Origin>;

template <class... Parts>
uint64_t mixed(std::string_view what, const Parts&... parts) {
  std::string text(what);
  ((text += fmt::format(" {:016x}", parts)), ...);
  return digest(text);
}

uint64_t whole(const Origin& origin) {
  if (origin.fields.empty()) return origin.value;
  std::string text = fmt::format("{:016x}", origin.value);
  for (const Origin& field : origin.fields) text += fmt::format(" {:016x}", whole(field));
  return digest(text);
}

/// The same values in the rows of that step, which chose them anew.
Origin within(uint64_t step, const Origin& origin) {
  Origin made{mixed("of", step, origin.value), {}};
  for (const Origin& field : origin.fields) made.fields.push_back(within(step, field));
  return made;
}

/// What values are like, apart from how many they may be: symbols of an enum and digits of a decimal may come to be
/// more.
std::string nature(const Type& type) {
  switch (type->kind) {
    case TypeKind::enumeration:
      return "enum";
    case TypeKind::decimal:
      return "decimal";
    case TypeKind::optional:
    case TypeKind::checked:
      return nature(type->element);
    case TypeKind::list:
      return "list<" + nature(type->element) + ">";
    default:
      return to_string(type);
  }
}

/// What expressions over a row give.
class Reader {
 public:
  explicit Reader(const Origins& columns) : columns_(columns) {}

  uint64_t value(const ExpressionRef& expression) { return whole(of(expression)); }

  Origin of(const ExpressionRef& expression) {
    if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node))
      return columns_.at(static_cast<size_t>(column->index));
    if (const auto* local = std::get_if<typed::LocalRead>(&expression->node)) return locals_.at(local->slot);
    if (const auto* convert = std::get_if<typed::Convert>(&expression->node); convert && keeps_value(*convert))
      return of(convert->operand);
    if (const auto* bind = std::get_if<typed::Bind>(&expression->node)) {
      locals_[bind->slot] = of(bind->value);
      return of(bind->body);
    }
    if (const auto* field = std::get_if<typed::FieldRead>(&expression->node)) return of_field(*expression, *field);
    if (const auto* field = std::get_if<typed::ListField>(&expression->node)) {
      const Origin list = of(field->list);
      if (!list.fields.empty()) return list.fields.at(static_cast<size_t>(field->index));
    }
    if (const auto* made = std::get_if<typed::MakeStruct>(&expression->node)) {
      Origin origin{digest("struct"), {}};
      for (const ExpressionRef& each : made->fields) origin.fields.push_back(of(each));
      return origin;
    }
    if (const auto* test = std::get_if<typed::IsNull>(&expression->node))
      if (const Origin tested = of(test->operand); !tested.fields.empty()) return {mixed("is_null", tested.value), {}};
    if (const auto* loop = std::get_if<typed::Loop>(&expression->node)) return of_loop(*loop, *expression);
    if (const auto* ambient = std::get_if<typed::AmbientRead>(&expression->node))
      return {digest(fmt::format("ambient {}", static_cast<int>(ambient->what))), {}};
    return of_parts(*expression);
  }

 private:
  static bool keeps_value(const typed::Convert& convert) {
    switch (convert.conversion) {
      case typed::Conversion::checked_read:
      case typed::Conversion::tried_read:
      case typed::Conversion::unwrap:
      case typed::Conversion::to_optional:
      case typed::Conversion::widen_decimal:
      case typed::Conversion::map_entries:
      case typed::Conversion::entries_map:
        return true;
      case typed::Conversion::integer_to_decimal:
      case typed::Conversion::narrow_decimal:
        return false;
    }
    BRAID_UNREACHABLE("conversion");
  }

  Origin of_field(const typed::Expression& expression, const typed::FieldRead& field) {
    if (const auto* row = std::get_if<typed::Index>(&field.base->node))
      if (const Origin list = of(row->list); !list.fields.empty())
        return {mixed("index", whole(list.fields.at(static_cast<size_t>(field.index))), value(row->index)), {}};
    const Origin base = of(field.base);
    return base.fields.empty() ? of_parts(expression) : base.fields.at(static_cast<size_t>(field.index));
  }

  Origin of_loop(const typed::Loop& loop, const typed::Expression& expression) {
    const auto local = [&](std::string_view what) { return Origin{digest(fmt::format("{} {}", what, depth_)), {}}; };
    locals_[loop.element] = local("element");
    locals_[loop.position] = local("position");
    if (loop.state >= 0) locals_[loop.state] = local("state");
    ++depth_;
    typed::Loop plain = loop;
    plain.element = plain.position = 0;
    if (plain.state >= 0) plain.state = 0;
    Origin made = of_parts(*typed::make(expression.type, expression.span, std::move(plain)));
    --depth_;
    return made;
  }

  /// As it is printed, over a row that has its parts as columns.
  Origin of_parts(const typed::Expression& expression) {
    std::vector<ExpressionRef> parts = typed::parts(expression);
    if (parts.empty()) return {digest(typed::print(expression, {})), {}};
    std::vector<Field> row;
    for (ExpressionRef& part : parts) {
      row.push_back({fmt::format("{:016x}", value(part)), part->type});
      part = typed::make(part->type, part->span, typed::ColumnRead{static_cast<int>(row.size()) - 1});
    }
    return {digest(typed::print(*typed::with_parts(expression, std::move(parts)), row)), {}};
  }

  const Origins& columns_;
  std::map<int, Origin> locals_;
  int depth_ = 0;  ///< of loops
};

/// Rows of a step: what gave them, and what they passed since.
struct Rows {
  uint64_t given = 0;
  std::set<uint64_t> passed;
  Origins columns;
};

/// What a step does, apart from what it adds to its rows, with columns named by their origins.
class Deed : public Meaning {
 public:
  Deed(const Node& node, const Plan& plan, const typed::Project& project, const std::vector<const Rows*>& inputs)
      : Meaning(node, plan, project), inputs_(inputs) {}

 protected:
  std::string expression(const ExpressionRef& expression, int over) const override {
    return name(Reader(inputs_.at(static_cast<size_t>(over))->columns).value(expression));
  }
  std::string residual(const ExpressionRef& expression) const override {
    Origins both = inputs_.at(0)->columns;
    both.resize(joined_fields(input(0)).size());
    both.push_back({digest("right row"), inputs_.at(1)->columns});
    return name(Reader(both).value(expression));
  }
  std::string rest(const MatchNode& match, const ExpressionRef& expression) const override {
    Origins row = inputs_.at(0)->columns;
    for (size_t i = 0; i < match.elements.size(); ++i) {
      if (match.elements[i].kind == typed::ElementKind::absent) continue;
      Origin& element = row.emplace_back(Origin{digest(fmt::format("row of element {}", i)), {}});
      for (const int field : match.fields)
        element.fields.push_back(within(element.value, inputs_.at(0)->columns.at(static_cast<size_t>(field))));
    }
    return name(Reader(row).value(expression));
  }
  std::string column(int index) const override {
    return name(braid::plan::whole(inputs_.at(0)->columns.at(static_cast<size_t>(index))));
  }
  bool whole() const override { return false; }

 private:
  static std::string name(uint64_t value) { return fmt::format("{:016x}", value); }

  const std::vector<const Rows*>& inputs_;
};

class Provenance {
 public:
  Provenance(const Plan& plan, const typed::Project& project) : plan_(plan), project_(project) {}

  std::vector<StateMeaning> run() {
    rows_.reserve(plan_.nodes.size());
    std::vector<StateMeaning> meanings;
    for (const Node& node : plan_.nodes) {
      meaning_ = {};
      rows_.push_back(rows_of(node));
      if (rows_.back().columns.size() != node.row.size()) name_by_place(rows_.back(), node.row.size());
      meanings.push_back(std::move(meaning_));
    }
    return meanings;
  }

 private:
  const Rows& before(const Node& node, size_t which = 0) const {
    return rows_.at(static_cast<size_t>(node.inputs.at(which)));
  }

  /// Columns of which nothing is known but who gives them.
  static void name_by_place(Rows& rows, size_t columns) {
    rows.columns.clear();
    for (size_t i = 0; i < columns; ++i) rows.columns.push_back({mixed("column", rows.given, i), {}});
  }

  /// Which rows an input gives. What marks rows that go, or close their key, is a part of it.
  uint64_t choice(const Node& node, size_t which) const {
    const Rows& rows = before(node, which);
    std::string text = fmt::format("{:016x}", rows.given);
    for (const uint64_t condition : rows.passed) text += fmt::format(" {:016x}", condition);
    const std::vector<Field>& row = plan_.nodes[static_cast<size_t>(node.inputs[which])].row;
    for (size_t i = 0; i < row.size(); ++i)
      if (row[i].name == kDeleted || row[i].name == kRetracted)
        text += fmt::format(" mark {:016x}", whole(rows.columns[i]));
    return digest(text);
  }

  /// What the step does with the rows of its inputs.
  uint64_t deed(const Node& node) const {
    std::vector<const Rows*> inputs;
    std::string text;
    for (size_t which = 0; which < node.inputs.size(); ++which) {
      inputs.push_back(&before(node, which));
      text += fmt::format("{:016x} ", choice(node, which));
    }
    return digest(text + Deed(node, plan_, project_, inputs).text());
  }

  uint64_t folded(const Node& node, uint64_t step, const typed::Aggregate& aggregate) const {
    const std::vector<const Rows*> inputs{&before(node)};
    return mixed(aggregate.before ? "before" : "aggregate", step,
                 digest(Deed(node, plan_, project_, inputs).folded(aggregate)));
  }

  /// The step keeps state: the rows that it takes.
  void holds_rows(const Node& node, uint64_t step) {
    meaning_.step = step;
    for (size_t which = 0; which < node.inputs.size(); ++which)
      for (const Origin& column : before(node, which).columns) meaning_.parts.push_back(whole(column));
  }

  Rows rows_of(const Node& node) {
    if (const auto* source = std::get_if<SourceNode>(&node.content)) return of_source(*source);
    if (const auto* keep = std::get_if<KeepNode>(&node.content)) {
      Rows made = before(node);
      pass(keep->condition, before(node).columns, made);
      return made;
    }
    if (const auto* project = std::get_if<ProjectNode>(&node.content)) {
      Rows made{before(node).given, before(node).passed, {}};
      Reader reader(before(node).columns);
      for (const ExpressionRef& column : project->columns) made.columns.push_back(reader.of(column));
      return made;
    }
    if (std::holds_alternative<UnionNode>(node.content)) {
      Rows made{mixed("union", choice(node, 0), choice(node, 1)), {}, {}};
      for (size_t i = 0; i < node.row.size(); ++i)
        made.columns.push_back(united(before(node, 0).columns[i], before(node, 1).columns[i]));
      return made;
    }
    if (std::holds_alternative<AlertNode>(node.content) || std::holds_alternative<PublishNode>(node.content))
      return before(node);
    if (const auto* port = std::get_if<PortNode>(&node.content)) {
      const std::string name = project_.relations[plan_.products[port->product]].qualified();
      Rows made{mixed("port", choice(node, 0), digest(name + " " + port->port)), {}, {}};
      for (const Field& field : node.row) made.columns.push_back({mixed("field", made.given, digest(field.name)), {}});
      return made;
    }
    return of_stateful(node);
  }

  static Origin united(const Origin& one, const Origin& other) {
    Origin made{mixed("or", one.value, other.value), {}};
    if (one.fields.size() != other.fields.size()) return {mixed("or", whole(one), whole(other)), {}};
    for (size_t i = 0; i < one.fields.size(); ++i) made.fields.push_back(united(one.fields[i], other.fields[i]));
    return made;
  }

  static void pass(const ExpressionRef& condition, const Origins& columns, Rows& rows) {
    if (const auto* both = std::get_if<typed::Both>(&condition->node)) {
      pass(both->left, columns, rows);
      pass(both->right, columns, rows);
    } else {
      rows.passed.insert(Reader(columns).value(condition));
    }
  }

  static Origin of_field(const std::string& path, const Type& type, uint64_t fallback) {
    const Type& inner = without_optional(type);
    const bool parted = is(inner, TypeKind::structure);
    Origin made{digest(fmt::format("{} {} {:016x}", path, parted ? "struct" : nature(inner), fallback)), {}};
    if (parted)
      for (const Field& field : inner->fields)
        made.fields.push_back(of_field(path + "." + field.name, field.type, fallback));
    return made;
  }

  Rows of_source(const SourceNode& source) const {
    const typed::Relation& relation = project_.relations[source.relation];
    const std::string name = "source " + relation.qualified();
    Origins declared;
    for (size_t i = 0; i < relation.row.size(); ++i) {
      const typed::SourceField& field = relation.source->fields[i];
      const uint64_t fallback = field.fallback ? Reader(declared).value(field.fallback) : 0;
      const std::string path = field.path.empty() ? field.name : fmt::format("{}", fmt::join(field.path, "/"));
      declared.push_back(of_field(name + " " + path, relation.row[i].type, fallback));
    }
    Rows made{digest(fmt::format("{} v{} within {}", name, relation.version, relation.within_us)), {}, {}};
    const ExpressionRef& deletes = relation.source->delete_when;
    for (const int field : source.fields) {
      if (field >= 0)
        made.columns.push_back(declared[static_cast<size_t>(field)]);
      else if (field == SourceNode::kDeletes)
        made.columns.push_back({mixed("deleted", deletes ? Reader(declared).value(deletes) : 0), {}});
      else
        made.columns.push_back({digest(name + (field == SourceNode::kArrival ? " arrival" : " headers")), {}});
    }
    return made;
  }

  Rows of_stateful(const Node& node) {
    const uint64_t step = deed(node);
    Rows made{step, {}, {}};
    const Origins& columns = before(node).columns;
    const auto own = [&](std::string_view what) { return Origin{mixed(what, step), {}}; };
    const auto right_row = [&] {
      Origin joined = own("joined");
      for (const Origin& field : before(node, 1).columns) joined.fields.push_back(within(step, field));
      joined.fields.resize(joined_fields(plan_.nodes[static_cast<size_t>(node.inputs[1])].row).size());
      return joined;
    };
    if (const auto* group = std::get_if<GroupNode>(&node.content)) {
      meaning_.step = step;
      Reader reader(columns);
      for (const ExpressionRef& key : group->keys) made.columns.push_back(reader.of(key));
      for (const typed::Aggregate& aggregate : group->aggregates) {
        meaning_.parts.push_back(folded(node, step, aggregate));
        made.columns.push_back({meaning_.parts.back(), {}});
      }
      const bool windows = group->windowed || changes_sessions(*group);
      if (windows) made.columns.push_back({mixed("window", step), {own("start"), own("end")}});
      if (!group->windowed) made.columns.push_back(own("goes"));
      return made;
    }
    if (std::holds_alternative<TickNode>(node.content)) {
      meaning_.step = step;
      made.columns = {own("at")};
      return made;
    }
    if (std::holds_alternative<LookupNode>(node.content)) {
      if (retracted_column(node.row) >= 0) holds_rows(node, step);
      return looked_up(node, step);
    }
    holds_rows(node, step);
    made.columns = columns;
    if (const auto* running = std::get_if<RunningNode>(&node.content)) {
      Reader reader(columns);
      for (const ExpressionRef& key : running->step.keys) meaning_.reads.push_back(reader.value(key));
      for (const typed::Aggregate& aggregate : running->step.aggregates) {
        meaning_.parts.push_back(folded(node, step, aggregate));
        made.columns.push_back({meaning_.parts.back(), {}});
        for (const ExpressionRef& part : {aggregate.argument, aggregate.by, aggregate.filter})
          meaning_.reads.push_back(part ? reader.value(part) : kNoPart);
      }
    } else if (std::holds_alternative<JoinNode>(node.content)) {
      made.columns.push_back(right_row());
    } else if (std::holds_alternative<TableJoinNode>(node.content)) {
      made.columns.back() = right_row();
      made.columns.push_back(own("goes"));
    } else if (const auto* top = std::get_if<TopNode>(&node.content)) {
      const std::vector<Field>& row = plan_.nodes[static_cast<size_t>(node.inputs[0])].row;
      if (retracted_column(row) >= 0) made.columns.pop_back();
      if (top->step.adds_window) made.columns.push_back({mixed("window", step), {own("start"), own("end")}});
      if (top->step.numbered) made.columns.push_back(own("number"));
      if (!top->step.windowed) made.columns.push_back(own("goes"));
    } else if (std::holds_alternative<LatestNode>(node.content)) {
      const std::vector<Field>& row = plan_.nodes[static_cast<size_t>(node.inputs[0])].row;
      if (deleted_column(row) >= 0) made.columns.pop_back();
      made.columns.push_back(own("goes"));
    } else if (const auto* net = std::get_if<NetNode>(&node.content)) {
      made.columns.back() = own("change");
      if (net->whole) made.columns.insert(made.columns.end(), {own("before"), own("changed at")});
    } else if (std::holds_alternative<MovesNode>(node.content)) {
      made.columns.end()[-2] = own("move");
      made.columns.end()[-1] = own("closes");
    } else if (const auto* in_windows = std::get_if<InWindowsNode>(&node.content)) {
      if (in_windows->given < 0) made.columns.push_back({mixed("window", step), {own("start"), own("end")}});
    } else if (const auto* unnest = std::get_if<UnnestNode>(&node.content)) {
      meaning_ = {};
      unnested(node, *unnest, step, made.columns);
    } else if (const auto* match = std::get_if<MatchNode>(&node.content)) {
      matched(node, *match, step, made.columns);
    } else if (std::holds_alternative<RetimeNode>(node.content)) {
      meaning_.parts.clear();  // it holds the time of partitions
    }
    return made;
  }

  /// The arguments stand behind all else.
  Rows looked_up(const Node& node, uint64_t deed) const {
    const std::vector<Field>& row = plan_.nodes[static_cast<size_t>(node.inputs[0])].row;
    Rows made{deed, {}, {}};
    for (size_t i = 0; i < row.size(); ++i) {
      const Origin& column = before(node).columns[i];
      if (row[i].name.starts_with(kArgument))
        made.given = mixed("asked", made.given, whole(column));
      else
        made.columns.push_back(column);
    }
    const bool goes = retracted_column(row) >= 0;
    made.columns.insert(made.columns.end() - (goes ? 1 : 0), {mixed("answer", made.given), {}});
    return made;
  }

  /// The input has the list behind all else.
  void unnested(const Node& node, const UnnestNode& unnest, uint64_t step, Origins& columns) const {
    const Origin list = columns.back();
    const Node& input = plan_.nodes[static_cast<size_t>(node.inputs[0])];
    columns.pop_back();
    const uint64_t of_list = mixed("element", step, whole(list));
    Origin element{of_list, {}};
    const Type& type = without_optional(without_optional(input.row.back().type)->element);
    if (is(type, TypeKind::structure)) {
      const auto add = [&](size_t field) {
        element.fields.push_back(list.fields.empty()
                                     ? Origin{mixed("field", of_list, digest(type->fields[field].name)), {}}
                                     : within(step, list.fields.at(field)));
      };
      if (unnest.fields)
        for (const int field : *unnest.fields) add(static_cast<size_t>(field));
      else
        for (size_t field = 0; field < type->fields.size(); ++field) add(field);
    }
    const bool marked = retracted_column(node.row) >= 0;
    columns.insert(columns.end() - (marked ? 1 : 0), std::move(element));
  }

  void matched(const Node& node, const MatchNode& match, uint64_t step, Origins& columns) const {
    const Origins& row = before(node).columns;
    columns.clear();
    for (const int key : match.keys) columns.push_back(row.at(static_cast<size_t>(key)));
    columns.resize(node.row.size());
    for (size_t i = 0; i < match.elements.size(); ++i) {
      if (match.elements[i].output < 0) continue;
      Origin& element = columns.at(static_cast<size_t>(match.elements[i].output));
      element.value = mixed("element", step, i);
      for (const int field : match.fields)
        element.fields.push_back(within(element.value, row.at(static_cast<size_t>(field))));
    }
  }

  const Plan& plan_;
  const typed::Project& project_;
  std::vector<Rows> rows_;
  StateMeaning meaning_;  ///< of the node at hand
};

}  // namespace

std::vector<StateMeaning> state_meanings(const Plan& plan, const typed::Project& project) {
  return Provenance(plan, project).run();
}

namespace {

/// What rows of the step are read over by. None: they are not.
std::vector<uint64_t> told_parts(const Node& node, const Plan& plan, const StateMeaning& meaning) {
  std::vector<uint64_t> told = meaning.parts;
  const size_t first = plan.nodes[static_cast<size_t>(node.inputs[0])].row.size();
  const auto split = [&](size_t at) { told.insert(told.begin() + static_cast<std::ptrdiff_t>(at), kNextGroup); };
  if (std::holds_alternative<JoinNode>(node.content) || std::holds_alternative<TableJoinNode>(node.content)) {
    split(first);
  } else if (const auto* running = std::get_if<RunningNode>(&node.content)) {
    split(first);
    told.push_back(kNextGroup);
    told.insert(told.end(), meaning.reads.begin(), meaning.reads.end());
    split(first + 1 + running->step.aggregates.size() + 1 + running->step.keys.size());
  } else if (const auto* match = std::get_if<MatchNode>(&node.content)) {
    for (const auto* places : {&match->fields, &match->keys}) {
      told.push_back(kNextGroup);
      for (const int place : *places) told.push_back(static_cast<uint64_t>(place) + 1);
    }
  } else if (!std::holds_alternative<GroupNode>(node.content) && !std::holds_alternative<LatestNode>(node.content) &&
             !std::holds_alternative<TopNode>(node.content) && !std::holds_alternative<UniqueNode>(node.content) &&
             !std::holds_alternative<InstantsNode>(node.content) && !std::holds_alternative<MovesNode>(node.content) &&
             !std::holds_alternative<InOrderNode>(node.content)) {
    told.clear();
  }
  return told;
}

}  // namespace

StateParts state_parts(const Plan& plan, const typed::Project& project) {
  StateParts parts;
  const std::vector<StateMeaning> meanings = state_meanings(plan, project);
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    if (!stateful(node) || has_name(node)) continue;
    std::vector<uint64_t> told = told_parts(node, plan, meanings[i]);
    if (!told.empty()) parts[{node.state.identity, node.state.schema}] = std::move(told);
  }
  return parts;
}

}  // namespace braid::plan
