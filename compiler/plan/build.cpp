#include <map>
#include <set>

#include "compiler/plan/digest.h"
#include "compiler/plan/match_node.h"
#include "compiler/plan/plan.h"
#include "compiler/plan/right_filters.h"
#include "compiler/plan/unique_rows.h"
#include "runtime/base/check.h"

namespace braid::plan {

using typed::ExpressionRef;

namespace {

/// `tried`: below a `try` that stands directly on the field.
ExpressionRef reading_parts(const ExpressionRef& expression, const std::vector<Field>& row, bool tried) {
  if (const auto* column = std::get_if<typed::ColumnRead>(&expression->node)) {
    const Type& type = row[column->index].type;
    if (!is(type, TypeKind::checked)) return expression;
    return typed::make(type->element, expression->span,
                       typed::Convert{tried ? typed::Conversion::tried_read : typed::Conversion::checked_read,
                                      typed::make(type, expression->span, *column)});
  }
  if (const auto* attempt = std::get_if<typed::Attempt>(&expression->node)) tried = attempt->of_field;
  std::vector<ExpressionRef> parts = typed::parts(*expression);
  if (parts.empty()) return expression;
  for (ExpressionRef& part : parts) part = reading_parts(part, row, tried);
  return typed::with_parts(*expression, std::move(parts));
}

}  // namespace

ExpressionRef reading(const ExpressionRef& expression, const std::vector<Field>& row) {
  bool any = false;
  for (const int column : typed::columns_read(expression)) any |= is(row[column].type, TypeKind::checked);
  return any ? reading_parts(expression, row, false) : expression;
}

int deleted_column(const std::vector<Field>& row) {
  return !row.empty() && row.back().name == kDeleted ? static_cast<int>(row.size()) - 1 : -1;
}

int retracted_column(const std::vector<Field>& row) {
  return !row.empty() && row.back().name == kRetracted ? static_cast<int>(row.size()) - 1 : -1;
}

int ending_column(const std::vector<Field>& row) {
  return std::max(deleted_column(row), retracted_column(row));
}

bool is_hidden(const Field& field) {
  return field.name.starts_with(kHiddenMark);
}

std::vector<Field> joined_fields(const std::vector<Field>& row) {
  std::vector<Field> fields = row;
  while (!fields.empty() && is_hidden(fields.back())) fields.pop_back();
  return fields;
}

std::vector<Field> condition_row(const std::vector<Field>& left, const std::vector<Field>& right,
                                 const std::string& alias) {
  std::vector<Field> row = joined_fields(left);
  row.push_back({alias, struct_type(joined_fields(right))});
  return row;
}

Type unnested_type(const UnnestNode& node, const Type& list) {
  Type element = without_optional(list)->element;
  if (node.fields) {
    std::vector<Field> fields;
    for (const int field : *node.fields) fields.push_back(without_optional(element)->fields[field]);
    const Type narrowed = struct_type(std::move(fields));
    element = is_optional(element) ? optional_type(narrowed) : narrowed;
  }
  return node.left ? optional_type(element) : element;
}

Value zero_value(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {false};
    case TypeKind::floating:
      return {0.0};
    case TypeKind::decimal:
    case TypeKind::uuid:
      return {int128{0}};
    case TypeKind::string:
    case TypeKind::bytes:
      return {std::string()};
    case TypeKind::json:
      return {std::string("null")};
    case TypeKind::list:
    case TypeKind::map:
      return {std::vector<Value>()};
    case TypeKind::structure: {
      std::vector<Value> fields;
      for (const Field& field : type->fields) fields.push_back(zero_value(field.type));
      return {std::move(fields)};
    }
    case TypeKind::optional:
    case TypeKind::null:
      return {Null{}};
    case TypeKind::integer:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::enumeration:
      return {int64_t{0}};
    case TypeKind::checked:
    case TypeKind::error:
      break;
  }
  BRAID_UNREACHABLE("a value of a type that no field has");
}

namespace {

const typed::ColumnRead* as_column(const ExpressionRef& expression) {
  return std::get_if<typed::ColumnRead>(&expression->node);
}

/// Of a product that is a table.
constexpr std::string_view kChangesPort = "changes";

class Builder {
 public:
  explicit Builder(const typed::Project& project) : project_(project) {}

  Plan build(const std::vector<typed::RelationId>& products) {
    for (const typed::RelationId product : products) {
      const int node = relation(product);
      // A test may look at a view as if it were published.
      const typed::Relation& looked_at = project_.relations[product];
      if (looked_at.kind != typed::RelationKind::view) continue;
      publish(product, looked_at.changes
                           ? net(read_all(node, "publish", "view " + looked_at.name, looked_at.span), looked_at)
                           : as_stream(product, node));
    }
    return std::move(plan_);
  }

 private:
  int add(Node node) {
    plan_.nodes.push_back(std::move(node));
    return static_cast<int>(plan_.nodes.size()) - 1;
  }
  const std::vector<Field>& row(int node) const { return plan_.nodes[node].row; }

  int relation(typed::RelationId id) {
    if (const auto known = built_.find(id); known != built_.end()) return known->second;
    const typed::Relation& relation = project_.relations[id];
    const int node = relation.source ? source(id) : flow(id);
    return built_[id] = node;
  }

  int source(typed::RelationId id) {
    const typed::Relation& relation = project_.relations[id];
    Node node{.content = SourceNode{id, {}}, .text = "from " + relation.qualified(), .span = relation.span};
    auto& fields = std::get<SourceNode>(node.content).fields;
    for (size_t i = 0; i < relation.row.size(); ++i) {
      bool settled = relation.kind == typed::RelationKind::table || static_cast<int>(i) == relation.time_field ||
                     relation.source->fields[i].fallback != nullptr;
      for (const auto& path : relation.key) settled |= path.front() == static_cast<int>(i);
      fields.push_back(static_cast<int>(i));
      node.row.push_back({relation.row[i].name, settled ? relation.row[i].type : checked_type(relation.row[i].type)});
    }
    if (relation.source->delete_when || relation.source->takes_deletes) {
      fields.push_back(-1);
      node.row.push_back({std::string(kDeleted), bool_type()});
    }
    return add(std::move(node));
  }

  /// Whether the rows are versions of keys: those of tables and of views over one.
  bool is_table(typed::RelationId id) const {
    const typed::Relation& relation = project_.relations[id];
    if (relation.kind != typed::RelationKind::view) return relation.kind == typed::RelationKind::table;
    if (relation.changes) return false;
    return reads_table(relation);
  }
  /// Of a flow.
  bool reads_table(const typed::Relation& relation) const {
    const auto* from = std::get_if<typed::FromStep>(&relation.steps.front().content);
    return from != nullptr && is_table(from->relation);
  }

  ExpressionRef column(int node, int index, Span span) const {
    return typed::make(row(node)[index].type, span, typed::ColumnRead{index});
  }

  /// `where` over a table: every row goes on, those that do not pass close their key.
  int close_unless(int at, const ExpressionRef& condition, const typed::Step& step) {
    Node node{
        .content = ProjectNode{"where", {}}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    auto& columns = std::get<ProjectNode>(node.content).columns;
    const int deleted = deleted_column(row(at));
    for (size_t i = 0; i < row(at).size(); ++i) columns.push_back(column(at, static_cast<int>(i), step.span));
    ExpressionRef fails = typed::make(bool_type(), step.span, typed::Not{reading(condition, row(at))});
    if (deleted >= 0) {
      columns[deleted] = typed::make(bool_type(), step.span, typed::Either{columns[deleted], fails});
    } else {
      columns.push_back(fails);
      node.row.push_back({std::string(kDeleted), bool_type()});
    }
    return add(std::move(node));
  }

  /// What a step computes is not asked of a row that closes its key.
  ExpressionRef unless_deleted(int at, ExpressionRef expression) const {
    const int deleted = deleted_column(row(at));
    if (deleted < 0 || !expression->can_fail) return expression;
    ExpressionRef nothing =
        typed::make(expression->type, expression->span, typed::Constant{zero_value(expression->type)});
    return typed::make(expression->type, expression->span,
                       typed::Choose{column(at, deleted, expression->span), nothing, expression});
  }

  /// A node of its own for one reader, in which only that reader's columns live: what a stateful step holds.
  int carry(int input, std::string text, Span span) {
    Node node{.content = ProjectNode{"carry", {}},
              .inputs = {input},
              .row = row(input),
              .text = std::move(text),
              .span = span};
    for (size_t i = 0; i < row(input).size(); ++i)
      std::get<ProjectNode>(node.content)
          .columns.push_back(typed::make(row(input)[i].type, span, typed::ColumnRead{static_cast<int>(i)}));
    return add(std::move(node));
  }

  /// Converts what is still checked: at the end of a product, on the right of a join, for the time of a flow.
  int read_all(int input, std::string word, std::string text, Span span) {
    bool any = false;
    for (const Field& field : row(input)) any |= is(field.type, TypeKind::checked);
    if (!any) return carry(input, std::move(text), span);
    Node node{.content = ProjectNode{std::move(word), {}}, .inputs = {input}, .text = std::move(text), .span = span};
    auto& columns = std::get<ProjectNode>(node.content).columns;
    for (size_t i = 0; i < row(input).size(); ++i) {
      const Field& field = row(input)[i];
      columns.push_back(reading(typed::make(field.type, span, typed::ColumnRead{static_cast<int>(i)}), row(input)));
      node.row.push_back({field.name, columns.back()->type});
    }
    return add(std::move(node));
  }

  /// Converts those columns that are still checked.
  int read_columns(int input, const std::vector<int>& columns, const typed::Step& step) {
    Node node{.content = ProjectNode{"read", {}}, .inputs = {input}, .text = step.text, .span = step.span};
    for (size_t i = 0; i < row(input).size(); ++i) {
      const Field& field = row(input)[i];
      ExpressionRef read = typed::make(field.type, step.span, typed::ColumnRead{static_cast<int>(i)});
      if (std::find(columns.begin(), columns.end(), static_cast<int>(i)) != columns.end())
        read = reading(read, row(input));
      node.row.push_back({field.name, read->type});
      std::get<ProjectNode>(node.content).columns.push_back(std::move(read));
    }
    return add(std::move(node));
  }

  /// Without a window: its rows are changes.
  static bool makes_table(const typed::Step& step) {
    const auto* group = std::get_if<typed::GroupStep>(&step.content);
    const auto* top = std::get_if<typed::TopStep>(&step.content);
    return (group != nullptr && !group->windowed) || (top != nullptr && !top->windowed) ||
           std::holds_alternative<typed::LatestStep>(step.content) ||
           std::holds_alternative<typed::TableJoinStep>(step.content);
  }

  /// A flow up to the first step that makes a table. Its rows go the same way, whatever becomes of the table.
  struct Beginning {
    int at = -1;
    size_t steps = 0;
  };
  Beginning beginning(typed::RelationId id) {
    if (const auto known = beginnings_.find(id); known != beginnings_.end()) return known->second;
    const typed::Relation& relation = project_.relations[id];
    const bool versions = reads_table(relation);
    Beginning made;
    for (; made.steps < relation.steps.size() && !makes_table(relation.steps[made.steps]); ++made.steps) {
      versions_ = versions;  // a relation read on the way has set it for itself
      made.at = step(made.at, relation.steps[made.steps], relation);
    }
    return beginnings_[id] = made;
  }

  /// A table as a join reads it as of a time: rows that open or end their keys. One that a step makes is made once
  /// more, instant by instant: what the changes of a turn come to has no history.
  int history(typed::RelationId id) {
    const typed::Relation& relation = project_.relations[id];
    if (!relation.changes) return this->relation(id);
    if (relation.kind == typed::RelationKind::product) this->relation(id);  // it goes out all the same
    if (const auto known = histories_.find(id); known != histories_.end()) return known->second;
    const typed::RelationId first = std::get<typed::FromStep>(relation.steps.front().content).relation;
    const bool of_changes = project_.relations[first].changes;
    const Beginning begun = of_changes ? Beginning{history(first), 1} : beginning(id);
    int at = begun.at;
    bool versions = is_table(first) || (of_changes && retracted_column(row(at)) < 0);
    if (of_changes && versions && std::any_of(relation.steps.begin(), relation.steps.end(), makes_table)) {
      const typed::Step& from = relation.steps.front();
      at = newest_by_time(at, project_.relations[first], relation.name + ": " + from.text, from);
      versions = false;
    }
    for (size_t i = begun.steps; i < relation.steps.size(); ++i) {
      const typed::Step& step = relation.steps[i];
      // `emit every` says when changes go out, not what they are.
      if (std::holds_alternative<typed::EmitStep>(step.content)) continue;
      if (!makes_table(step)) {
        versions_ = versions;
        at = this->step(at, step, relation);
        continue;
      }
      const auto* join = std::get_if<typed::TableJoinStep>(&step.content);
      if (join != nullptr)
        history(join->relation);
      else
        at = instants(at, {versions, keys_of(step)}, relation.name + ": " + step.text, step);
      const size_t made = plan_.nodes.size();
      versions_ = versions;
      at = join != nullptr ? join_tables(at, *join, step, relation, true) : this->step(at, step, relation);
      for (size_t node = made; node < plan_.nodes.size(); ++node)
        if (!plan_.nodes[node].state.label.empty()) plan_.nodes[node].state.label += ", by time";
      versions = false;
    }
    if (relation.kind == typed::RelationKind::product) {
      at = read_all(at, "read", "product " + relation.name, relation.span);
      for (const typed::Check& check : relation.checks)
        if (check.otherwise != typed::Check::Otherwise::alert) at = keep_checked(at, check);
    }
    return histories_[id] = at;
  }

  static std::vector<ExpressionRef> keys_of(const typed::Step& step) {
    if (const auto* group = std::get_if<typed::GroupStep>(&step.content)) return group->keys;
    if (const auto* top = std::get_if<typed::TopStep>(&step.content)) return top->keys;
    return std::get<typed::LatestStep>(step.content).keys;
  }

  int instants(int at, InstantsNode made, std::string label, const typed::Step& step) {
    at = carry(at, step.text, step.span);
    for (ExpressionRef& key : made.keys) key = reading(key, row(at));
    Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    node.state.label = std::move(label) + ", rows by time";
    return add(std::move(node));
  }

  /// Versions of that table as changes.
  int newest_by_time(int at, const typed::Relation& table, const std::string& label, const typed::Step& step) {
    std::vector<ExpressionRef> keys;
    for (const std::vector<int>& path : table.version_key.empty() ? table.key : table.version_key)
      keys.push_back(typed::read_path(row(at), path, step.span));
    at = instants(at, {true, keys}, label, step);
    return latest(at, std::move(keys), true, label, step.text, step.span);
  }

  int keep_checked(int at, const typed::Check& check) {
    return add({.content = KeepNode{unless_ends(at, check.condition), "", check.name,
                                    check.otherwise == typed::Check::Otherwise::stop},
                .inputs = {at},
                .row = row(at),
                .text = "check " + check.name,
                .span = check.span});
  }

  int flow(typed::RelationId id) {
    const typed::Relation& relation = project_.relations[id];
    const Beginning begun = beginning(id);
    int at = begun.at;
    bool versions = reads_table(relation);
    for (size_t i = begun.steps; i < relation.steps.size(); ++i) {
      versions_ = versions;  // a relation read on the way has set it for itself
      at = this->step(at, relation.steps[i], relation);
      versions &= !std::holds_alternative<typed::LatestStep>(relation.steps[i].content);
    }
    if (relation.retimed) {
      at = read_all(at, "read", "time " + relation.row[relation.time_field].name, relation.span);
      const std::string text = fmt::format("time {} within {}", relation.row[relation.time_field].name,
                                           to_literal(duration_type(), Value{relation.within_us}));
      at = add({.content = RetimeNode{relation.time_field, relation.within_us},
                .inputs = {at},
                .row = row(at),
                .text = text,
                .span = relation.span,
                .state = {.label = relation.name + ": " + text}});
    }
    if (relation.kind != typed::RelationKind::product) return at;

    at = read_all(at, "publish", "product " + relation.name, relation.span);
    for (const typed::Check& check : relation.checks)
      if (check.otherwise != typed::Check::Otherwise::alert) at = keep_checked(at, check);
    for (const typed::Unique& unique : relation.uniques) at = first_of_each(at, unique, relation);
    for (const typed::Check& check : relation.checks)
      if (check.otherwise == typed::Check::Otherwise::alert)
        at = add({.content = AlertNode{check.name, unless_ends(at, unless_goes(at, check.condition))},
                  .inputs = {at},
                  .row = row(at),
                  .text = "check " + check.name,
                  .span = check.span});
    if (!relation.changes) return publish(id, at);
    if (!relation.version_key.empty()) {
      std::vector<ExpressionRef> key;
      for (const std::vector<int>& path : relation.version_key)
        key.push_back(typed::read_path(row(at), path, relation.span));
      versions_of_[id] = at;
      at = latest(at, std::move(key), true, relation.name + ": table", "table " + relation.name, relation.span);
    }
    // Who reads the product has its changes as they are, not what those of a turn come to.
    publish(id, net(at, relation));
    return at;
  }

  /// A check is not asked of a row that closes its key.
  ExpressionRef unless_ends(int at, const ExpressionRef& condition) const {
    const int deleted = deleted_column(row(at));
    if (deleted < 0) return condition;
    return typed::make(bool_type(), condition->span, typed::Either{column(at, deleted, condition->span), condition});
  }
  /// Nor an alert of one that goes.
  ExpressionRef unless_goes(int at, const ExpressionRef& condition) const {
    const int retracted = retracted_column(row(at));
    if (retracted < 0) return condition;
    return typed::make(bool_type(), condition->span, typed::Either{column(at, retracted, condition->span), condition});
  }

  int latest(int at, std::vector<ExpressionRef> keys, bool versions, std::string label, std::string text, Span span) {
    Node node{
        .content = LatestNode{versions, std::move(keys)}, .inputs = {at}, .row = row(at), .text = text, .span = span};
    if (deleted_column(node.row) >= 0) node.row.pop_back();
    node.row.push_back({std::string(kRetracted), bool_type()});
    node.state.label = std::move(label);
    return add(std::move(node));
  }

  int net(int at, const typed::Relation& relation) {
    NetNode made{{}, relation.change_form == ChangeForm::debezium};
    for (const std::vector<int>& path : relation.key)
      made.keys.push_back(typed::read_path(row(at), path, relation.span));
    Node node{.content = std::move(made),
              .inputs = {at},
              .row = row(at),
              .text = "changes of " + relation.name,
              .span = relation.span};
    node.row.pop_back();
    const std::vector<Field> marks = change_marks(node.row, std::get<NetNode>(node.content).whole);
    node.row.insert(node.row.end(), marks.begin(), marks.end());
    node.state.label = relation.name + ": changes";
    return add(std::move(node));
  }

  /// The rows of a view, converted; of versions, those that open one.
  int as_stream(typed::RelationId id, int at) {
    const typed::Relation& relation = project_.relations[id];
    at = read_all(at, "publish", "view " + relation.name, relation.span);
    const int deleted = deleted_column(row(at));
    if (deleted < 0) return at;
    ExpressionRef stands = typed::make(bool_type(), relation.span, typed::Not{column(at, deleted, relation.span)});
    at = add({.content = KeepNode{stands, "", ""},
              .inputs = {at},
              .row = row(at),
              .text = "view " + relation.name,
              .span = relation.span});
    at = carry(at, "view " + relation.name, relation.span);
    std::get<ProjectNode>(plan_.nodes[at].content).columns.pop_back();
    plan_.nodes[at].row.pop_back();
    return at;
  }

  int publish(typed::RelationId id, int at) {
    const typed::Relation& relation = project_.relations[id];
    plan_.products.push_back(id);
    return published_[id] = add({.content = PublishNode{static_cast<int>(plan_.products.size()) - 1},
                                 .inputs = {at},
                                 .row = row(at),
                                 .text = "product " + relation.name,
                                 .span = relation.span});
  }

  /// For a join that keeps right rows: the left row with every field optional, and what the join reads of it.
  int optional_fields(int at, auto& join, const typed::Step& step) {
    at = read_all(at, "read", step.text, step.span);
    Node node{.content = ProjectNode{"optional", {}}, .inputs = {at}, .text = step.text, .span = step.span};
    std::vector<ExpressionRef> present;
    for (size_t i = 0; i < row(at).size(); ++i) {
      const Field& field = row(at)[i];
      if (is_hidden(field)) {
        std::get<ProjectNode>(node.content).columns.push_back(column(at, static_cast<int>(i), step.span));
        node.row.push_back(field);
        continue;
      }
      const bool plain = is_optional(field.type);
      const Type type = plain ? field.type : optional_type(field.type);
      ExpressionRef before = column(at, static_cast<int>(i), step.span);
      ExpressionRef after = typed::make(type, step.span, typed::ColumnRead{static_cast<int>(i)});
      std::get<ProjectNode>(node.content)
          .columns.push_back(
              plain ? before
                    : typed::make(type, step.span, typed::Convert{typed::Conversion::to_optional, std::move(before)}));
      node.row.push_back({field.name, type});
      present.push_back(
          plain ? after
                : typed::make(field.type, step.span, typed::Convert{typed::Conversion::unwrap, std::move(after)}));
    }
    for (ExpressionRef& key : join.left_keys) key = typed::substitute_columns(key, present);
    if constexpr (requires { join.upper; })
      if (join.upper) join.upper = typed::substitute_columns(join.upper, present);
    if (join.residual) {
      present.push_back(typed::make(struct_type(project_.relations[join.relation].row), step.span,
                                    typed::ColumnRead{static_cast<int>(present.size())}));
      join.residual = typed::substitute_columns(join.residual, present);
    }
    return add(std::move(node));
  }

  int step(int at, const typed::Step& step, const typed::Relation& owner) {
    auto node = [&](auto content) {
      return Node{.content = std::move(content), .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
    };
    if (const auto* from = std::get_if<typed::FromStep>(&step.content))
      return from->port.empty()           ? relation(from->relation)
             : from->port == kChangesPort ? read_changes(*from, step, owner)
                                          : read_port(*from, step);
    if (const auto* every = std::get_if<typed::TickStep>(&step.content)) return ticks(*every, step, owner);
    if (const auto* other = std::get_if<typed::UnionStep>(&step.content)) return unite(at, *other, step);
    if (const auto* where = std::get_if<typed::WhereStep>(&step.content)) {
      if (versions_) return close_unless(at, where->condition, step);
      Node keep = node(KeepNode{reading(where->condition, row(at)), where->port, ""});
      keep.row = row(at);
      if (!where->port.empty()) ports_[{id_of(owner), where->port}] = keep.row;
      return add(std::move(keep));
    }
    if (const auto* project = std::get_if<typed::ProjectStep>(&step.content)) {
      Node made = node(ProjectNode{project->word, {}});
      auto& columns = std::get<ProjectNode>(made.content).columns;
      for (size_t i = 0; i < project->columns.size(); ++i) {
        const ExpressionRef& written = project->columns[i];
        // `select` reads what it names; the other steps only carry the columns they do not mention.
        const bool carried = project->word != "select" && as_column(written);
        columns.push_back(carried ? typed::make(row(at)[as_column(written)->index].type, written->span, written->node)
                                  : unless_deleted(at, reading(written, row(at))));
        made.row[i].type = columns.back()->type;
      }
      carry_mark(at, columns, made.row, step.span);
      return add(std::move(made));
    }
    if (const auto* join = std::get_if<typed::JoinStep>(&step.content)) {
      JoinNode made{*join};
      // So that its condition cannot fail for a field that is broken: whether a match comes first would decide.
      if (join->yield != typed::JoinYield::matches && made.step.residual)
        at = read_columns(at, typed::columns_read(made.step.residual), step);
      if (join->right) {
        at = optional_fields(at, made.step, step);
      } else {
        for (ExpressionRef& key : made.step.left_keys) key = reading(key, row(at));
        if (made.step.upper) made.step.upper = reading(made.step.upper, row(at));
      }
      const bool as_of = join->kind == typed::JoinKind::as_of && !join->latest;
      int right = read_all(as_of ? history(join->relation) : relation(join->relation), "read", step.text, step.span);
      if (typed::by_index(made.step)) right = by_other_columns(right, made, step, owner);
      if (made.step.residual)
        made.step.residual = reading(made.step.residual, condition_row(row(at), row(right), join->alias));
      Node joined = node(std::move(made));
      if (!join->port.empty()) ports_[{id_of(owner), join->port}] = row(at);
      joined.inputs = {carry(at, step.text, step.span), right};
      joined.row = row(at);
      joined.row.push_back(step.row.back());
      joined.state.label = owner.name + ": " + step.text;
      return add(std::move(joined));
    }
    if (const auto* join = std::get_if<typed::TableJoinStep>(&step.content)) return join_tables(at, *join, step, owner);
    if (const auto* distinct = std::get_if<typed::DistinctStep>(&step.content))
      return this->distinct(at, *distinct, step, owner);
    if (const auto* emit = std::get_if<typed::EmitStep>(&step.content)) {
      Node paced = node(EmitNode{emit->every_us, emit->wall});
      paced.inputs = {carry(at, step.text, step.span)};
      paced.row = row(at);
      paced.state.label = owner.name + ": " + step.text;
      return add(std::move(paced));
    }
    if (const auto* elements = std::get_if<typed::UnnestStep>(&step.content)) return unnest(at, *elements, step);
    if (const auto* lookup = std::get_if<typed::LookupStep>(&step.content))
      return this->lookup(at, *lookup, step, owner);
    if (const auto* newest = std::get_if<typed::LatestStep>(&step.content)) {
      const bool versions = versions_;
      at = read_all(at, "read", step.text, step.span);
      at = latest(at, newest->keys, versions, label_of(step, newest->name, owner), step.text, step.span);
      std::get<LatestNode>(plan_.nodes[at].content).retain_us = newest->retain_us;
      return at;
    }
    if (const auto* pattern = std::get_if<typed::MatchStep>(&step.content)) return match(at, *pattern, step, owner);
    if (const auto* top = std::get_if<typed::TopStep>(&step.content)) return this->top(at, *top, step, owner);
    if (const auto* running = std::get_if<typed::RunningStep>(&step.content))
      return this->running(at, *running, step, owner);
    return this->group(at, std::get<typed::GroupStep>(step.content), step, owner);
  }

  static std::string label_of(const typed::Step& step, const std::string& name, const typed::Relation& owner) {
    return name.empty() ? owner.name + ": " + step.text : owner.name + " as " + name;
  }

  int group(int at, const typed::GroupStep& group, const typed::Step& step, const typed::Relation& owner) {
    GroupNode made{group.windowed && !group.changes, group.window, {}, group.aggregates};
    made.retain_us = group.retain_us;
    if (group.retain_us != typed::kForever) at = in_order(at, step, owner);
    std::vector<Field> read = row(at);
    if (group.reads_window) read.push_back({"window", window_type()});
    for (const ExpressionRef& key : group.keys) made.keys.push_back(reading(key, read));
    for (typed::Aggregate& aggregate : made.aggregates)
      for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
        if (*part) *part = reading(*part, read);
    std::vector<ExpressionRef> finish = group.finish;
    const bool changes = group.changes && group.window.kind != typed::WindowKind::session;
    if (changes || group.reads_window) {
      std::vector<ExpressionRef*> reads;
      for (ExpressionRef& key : made.keys) reads.push_back(&key);
      for (typed::Aggregate& aggregate : made.aggregates) {
        // As the group asks it: only of rows that the filter keeps.
        for (ExpressionRef* part : {&aggregate.argument, &aggregate.by})
          if (*part && aggregate.filter && (*part)->can_fail) *part = unless(aggregate.filter, *part);
        for (ExpressionRef* part : {&aggregate.filter, &aggregate.argument, &aggregate.by})
          if (*part) reads.push_back(part);
      }
      at = in_windows(at, group.window, made.keys, reads, step, owner);
      const ExpressionRef window = column(at, static_cast<int>(row(at).size()) - 1, step.span);
      const auto key_count = static_cast<int>(group.keys.size());
      const auto aggregate_count = static_cast<int>(group.aggregates.size());
      std::vector<int> places;  // of what `finish` reads
      if (changes) {
        // The window is a key, in front of the aggregates, and no longer behind them.
        made.window_key = key_count;
        made.keys.push_back(window);
        for (int i = 0; i < key_count; ++i) places.push_back(i);
        for (int i = 0; i < aggregate_count; ++i) places.push_back(key_count + 1 + i);
        places.push_back(key_count);
      } else {
        // Rows bring their windows with them.
        for (int end : {1, 0})
          made.keys.insert(made.keys.begin(), typed::make(timestamp_type(), step.span, typed::FieldRead{window, end}));
        made.window = typed::Window{.kind = typed::WindowKind::span, .late_us = group.window.late_us};
        for (int i = 0; i < key_count + aggregate_count + 1; ++i) places.push_back(i + 2);
      }
      for (ExpressionRef& each : finish) each = typed::remap_columns(each, places);
    }
    Node grouped{.content = GroupNode{}, .inputs = {at}, .row = {}, .text = step.text, .span = step.span};
    for (size_t i = 0; i < made.keys.size(); ++i) grouped.row.push_back({fmt::format("key{}", i), made.keys[i]->type});
    for (const typed::Aggregate& aggregate : made.aggregates)
      grouped.row.push_back({fmt::format("aggregate{}", grouped.row.size() - made.keys.size()), aggregate.type});
    // Named as the script names them, where it does: rows that do not fit their types are shown so.
    for (size_t i = 0; i < finish.size(); ++i)
      if (const auto* column = as_column(finish[i]); column && column->index < static_cast<int>(grouped.row.size()))
        grouped.row[column->index].name = step.row[i].name;
    if (made.windowed || changes_sessions(made)) grouped.row.push_back({"window", window_type()});
    if (!made.windowed) grouped.row.push_back({std::string(kRetracted), bool_type()});
    grouped.content = std::move(made);
    grouped.state.label = label_of(step, group.name, owner);
    const int grouping = add(std::move(grouped));
    Node finished{.content = ProjectNode{"finish", std::move(finish)},
                  .inputs = {grouping},
                  .row = step.row,
                  .text = step.text,
                  .span = step.span};
    carry_mark(grouping, std::get<ProjectNode>(finished.content).columns, finished.row, step.span);
    return add(std::move(finished));
  }

  static Type window_type() { return struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}}); }

  static ExpressionRef unless(const ExpressionRef& filter, const ExpressionRef& value) {
    ExpressionRef shifted = typed::shift_locals(value, typed::highest_local(filter) + 1);
    ExpressionRef nothing = typed::make(value->type, value->span, typed::Constant{zero_value(value->type)});
    return typed::make(value->type, value->span, typed::Choose{filter, shifted, nothing});
  }

  /// Rows of the step go on in the order of time.
  int in_order(int at, const typed::Step& step, const typed::Relation& owner) {
    at = carry(at, step.text, step.span);
    Node node{.content = InOrderNode{}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    node.state.label = owner.name + ": " + step.text + ", in order";
    return add(std::move(node));
  }

  /// The rows of `at` once for each of their windows, which is their last column. Of `keys` the first two are that of a
  /// `span`. What may fail of what the step `reads` is computed before, so that it fails once for a record, unless it
  /// reads the window: a column behind those of `at`.
  int in_windows(int at, const typed::Window& window, std::vector<ExpressionRef>& keys,
                 const std::vector<ExpressionRef*>& reads, const typed::Step& step, const typed::Relation& owner) {
    at = carry(at, step.text, step.span);
    Node& before = plan_.nodes[at];
    const size_t window_column = before.row.size();
    std::vector<bool> of_window;
    for (const ExpressionRef* each : reads) {
      const std::vector<int> read = typed::columns_read(*each);
      of_window.push_back(std::find(read.begin(), read.end(), static_cast<int>(window_column)) != read.end());
    }
    auto& columns = std::get<ProjectNode>(before.content).columns;
    auto computed = [&](const ExpressionRef& value, std::string name) {
      const auto place = static_cast<int>(before.row.size());
      columns.push_back(value);
      before.row.push_back({std::move(name), value->type});
      return typed::make(value->type, value->span, typed::ColumnRead{place});
    };
    InWindowsNode made{window, -1};
    ExpressionRef given;
    if (window.kind == typed::WindowKind::span)
      given = typed::make(window_type(), step.span, typed::MakeStruct{{keys[0], keys[1]}});
    for (size_t i = 0; i < reads.size(); ++i) {
      const bool end = given && (reads[i] == keys.data() || reads[i] == keys.data() + 1);
      if (!end && (*reads[i])->can_fail && !of_window[i])
        *reads[i] = computed(*reads[i], fmt::format("{}read{}", kHiddenMark, i));
    }
    std::vector<int> places(window_column + 1);
    for (size_t i = 0; i < window_column; ++i) places[i] = static_cast<int>(i);
    places.back() = static_cast<int>(before.row.size());  // behind what is computed
    for (size_t i = 0; i < reads.size(); ++i)
      if (of_window[i]) *reads[i] = typed::remap_columns(*reads[i], places);
    if (given) {
      const ExpressionRef read = computed(given, fmt::format("{}window", kHiddenMark));
      made.given = static_cast<int>(before.row.size()) - 1;
      for (int end : {0, 1}) keys[end] = typed::make(timestamp_type(), step.span, typed::FieldRead{read, end});
    }
    Node node{.content = std::move(made), .inputs = {at}, .row = before.row, .text = step.text, .span = step.span};
    if (!given) node.row.push_back({"window", window_type()});
    node.state.label = owner.name + ": " + step.text + ", windows";
    return add(std::move(node));
  }

  /// The right side of a join with a table by other columns than its key. Of one with time, the columns stand behind
  /// its rows, and a step before the join follows keys that move from one value of them to another.
  int by_other_columns(int right, JoinNode& join, const typed::Step& step, const typed::Relation& owner) {
    const typed::Relation& table = project_.relations[join.step.relation];
    for (const std::vector<int>& path : table.version_key.empty() ? table.key : table.version_key)
      join.table_key.push_back(typed::read_path(row(right), path, step.span));
    for (ExpressionRef& key : join.step.right_keys) key = unless_deleted(right, key);
    // A change that goes has the columns that its key leaves.
    if (join.step.kind == typed::JoinKind::reference || retracted_column(row(right)) >= 0) return right;
    const int deleted = deleted_column(row(right));
    const ExpressionRef ends = deleted >= 0 ? column(right, deleted, step.span)
                                            : typed::make(bool_type(), step.span, typed::Constant{Value{false}});
    right = carry(right, step.text, step.span);
    Node& carried = plan_.nodes[right];
    auto& columns = std::get<ProjectNode>(carried.content).columns;
    if (deleted >= 0) {
      columns.pop_back();
      carried.row.pop_back();
    }
    MovesNode moves{join.table_key, static_cast<int>(columns.size()), static_cast<int>(join.step.right_keys.size())};
    auto add_column = [&](ExpressionRef value, std::string name) {
      carried.row.push_back({std::move(name), value->type});
      columns.push_back(std::move(value));
    };
    for (ExpressionRef& key : join.step.right_keys) {
      const int place = static_cast<int>(columns.size());
      add_column(key, fmt::format("{}by{}", kHiddenMark, place - moves.first));
      key = typed::make(key->type, key->span, typed::ColumnRead{place});
    }
    add_column(typed::make(int_type(), step.span, typed::Constant{Value{int64_t{0}}}), std::string(kMove));
    add_column(ends, std::string(kDeleted));
    Node node{.content = std::move(moves), .inputs = {right}, .row = row(right), .text = step.text, .span = step.span};
    node.state.label = owner.name + ": " + step.text + ", moves of " + table.name;
    return add(std::move(node));
  }

  /// `by_time`: of both sides the history.
  int join_tables(int at, typed::TableJoinStep join, const typed::Step& step, const typed::Relation& owner,
                  bool by_time = false) {
    at = join.right ? optional_fields(at, join, step) : carry(at, step.text, step.span);
    int right = read_all(by_time ? history(join.relation) : relation(join.relation), "read", step.text, step.span);
    const typed::Relation& table = project_.relations[join.relation];
    if (by_time) {
      const std::string label = owner.name + ": " + step.text + ", " + table.name;
      if (retracted_column(row(right)) < 0) right = newest_by_time(right, table, label, step);
      const int pair = pairs_++;
      at = instants(at, {false, join.left_keys, pair}, owner.name + ": " + step.text, step);
      right = instants(right, {false, join.right_keys, pair}, label, step);
    } else if (retracted_column(row(right)) < 0) {
      std::vector<ExpressionRef> key;
      for (const std::vector<int>& path : table.key) key.push_back(typed::read_path(row(right), path, step.span));
      right =
          latest(right, std::move(key), true, owner.name + ": " + step.text + ", " + table.name, step.text, step.span);
    }
    Node node{.content = TableJoinNode{std::move(join)},
              .inputs = {at, right},
              .row = row(at),
              .text = step.text,
              .span = step.span};
    const Field mark = node.row.back();
    node.row.back() = step.row.back();
    node.row.push_back(mark);
    node.state.label = owner.name + ": " + step.text;
    return add(std::move(node));
  }

  int running(int at, const typed::RunningStep& running, const typed::Step& step, const typed::Relation& owner) {
    at = carry(at, step.text, step.span);
    RunningNode made{running};
    for (ExpressionRef& key : made.step.keys) key = reading(key, row(at));
    for (typed::Aggregate& aggregate : made.step.aggregates)
      for (ExpressionRef* part : {&aggregate.argument, &aggregate.by, &aggregate.filter})
        if (*part) *part = reading(*part, row(at));
    Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    node.row.insert(node.row.end(), step.row.begin() + static_cast<std::ptrdiff_t>(node.row.size()), step.row.end());
    node.state.label = running.name.empty() ? owner.name + ": " + step.text : owner.name + " as " + running.name;
    return add(std::move(node));
  }

  int top(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner) {
    at = read_all(at, "read", step.text, step.span);
    if (top.changes) return top_of_windows(at, top, step, owner);
    if (top.retain_us != typed::kForever) at = in_order(at, step, owner);
    Node node{.content = TopNode{top}, .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    if (retracted_column(node.row) >= 0) node.row.pop_back();
    node.row.insert(node.row.end(), step.row.begin() + static_cast<std::ptrdiff_t>(node.row.size()), step.row.end());
    if (!top.windowed) node.row.push_back({std::string(kRetracted), bool_type()});
    node.state.label = label_of(step, top.name, owner);
    return add(std::move(node));
  }

  /// Fields inside structs stand behind the row meanwhile.
  int first_of_each(int at, const typed::Unique& unique, const typed::Relation& owner) {
    const std::vector<Field> before = row(at);
    const bool extends =
        std::any_of(unique.below.begin(), unique.below.end(), [](const auto& path) { return !path.empty(); });
    std::string text = "unique";
    for (const int field : unique.fields) text += (text == "unique" ? " " : ", ") + before[field].name;
    if (extends) at = carry(at, text, unique.span);
    UniqueNode made{{}, unique.within_us};
    for (size_t i = 0; i < unique.fields.size(); ++i) {
      if (unique.below[i].empty()) {
        made.columns.push_back(unique.fields[i]);
        continue;
      }
      std::vector<int> path{unique.fields[i]};
      path.insert(path.end(), unique.below[i].begin(), unique.below[i].end());
      const ExpressionRef value = typed::read_path(before, path, unique.span);
      Node& carried = plan_.nodes[at];
      made.columns.push_back(static_cast<int>(carried.row.size()));
      std::get<ProjectNode>(carried.content).columns.push_back(value);
      carried.row.push_back({fmt::format("{}key{}", kHiddenMark, made.columns.size()), value->type});
    }
    at = add({.content = std::move(made),
              .inputs = {at},
              .row = row(at),
              .text = text,
              .span = unique.span,
              .state = {.label = owner.name + ": " + text}});
    if (!extends) return at;
    at = carry(at, text, unique.span);
    std::get<ProjectNode>(plan_.nodes[at].content).columns.resize(before.size());
    plan_.nodes[at].row.resize(before.size());
    return at;
  }

  int top_of_windows(int at, const typed::TopStep& top, const typed::Step& step, const typed::Relation& owner) {
    TopNode made{top, -1};
    made.step.windowed = made.step.changes = made.step.adds_window = false;
    const size_t before = row(at).size();
    std::vector<ExpressionRef*> reads;
    for (ExpressionRef& key : made.step.keys) reads.push_back(&key);
    for (typed::Ordering& order : made.step.orders) reads.push_back(&order.value);
    at = in_windows(at, top.window, made.step.keys, reads, step, owner);
    const auto window = static_cast<int>(row(at).size()) - 1;
    made.window_key = static_cast<int>(made.step.keys.size());
    made.step.keys.push_back(column(at, window, step.span));
    Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    if (top.numbered) node.row.push_back(step.row.back());
    node.row.push_back({std::string(kRetracted), bool_type()});
    node.state.label = label_of(step, top.name, owner);
    at = add(std::move(node));
    // What was computed for the step alone does not go on.
    Node kept{
        .content = ProjectNode{"carry", {}}, .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
    auto& columns = std::get<ProjectNode>(kept.content).columns;
    for (size_t i = 0; i < before; ++i) columns.push_back(column(at, static_cast<int>(i), step.span));
    if (top.adds_window) columns.push_back(column(at, window, step.span));
    if (top.numbered) columns.push_back(column(at, window + 1, step.span));
    carry_mark(at, columns, kept.row, step.span);
    return add(std::move(kept));
  }

  /// Keys that are no columns stand behind the row while the first of each is found.
  int distinct(int at, const typed::DistinctStep& distinct, const typed::Step& step, const typed::Relation& owner) {
    at = carry(at, step.text, step.span);
    const std::vector<Field> before = row(at);
    UniqueNode made{{}, distinct.within_us, true};
    for (const ExpressionRef& key : distinct.keys) {
      const ExpressionRef value = reading(key, before);
      if (const auto* plain = as_column(value)) {
        made.columns.push_back(plain->index);
        continue;
      }
      Node& carried = plan_.nodes[at];
      made.columns.push_back(static_cast<int>(carried.row.size()));
      std::get<ProjectNode>(carried.content).columns.push_back(value);
      carried.row.push_back({fmt::format("{}key{}", kHiddenMark, made.columns.size()), value->type});
    }
    Node node{.content = std::move(made), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    node.state.label = distinct.name.empty() ? owner.name + ": " + step.text : owner.name + " as " + distinct.name;
    const bool extended = row(at).size() > before.size();
    at = add(std::move(node));
    if (!extended) return at;
    at = carry(at, step.text, step.span);
    std::get<ProjectNode>(plan_.nodes[at].content).columns.resize(before.size());
    plan_.nodes[at].row.resize(before.size());
    return at;
  }

  /// Keys and what conditions ask of the row at hand alone stand behind the row as it comes.
  int match(int at, const typed::MatchStep& pattern, const typed::Step& step, const typed::Relation& owner) {
    at = carry(read_all(at, "read", step.text, step.span), step.text, step.span);
    const std::vector<Field> before = row(at);
    MatchNode made{.within_us = pattern.within_us};
    for (size_t i = 0; i < before.size(); ++i) made.fields.push_back(static_cast<int>(i));
    auto beside = [&](const ExpressionRef& value, std::string_view name) {
      if (const auto* plain = as_column(value)) return plain->index;
      Node& carried = plan_.nodes[at];
      const int column = static_cast<int>(carried.row.size());
      std::get<ProjectNode>(carried.content).columns.push_back(value);
      carried.row.push_back({fmt::format("{}{}{}", kHiddenMark, name, column), value->type});
      return column;
    };
    for (const ExpressionRef& key : pattern.keys) made.keys.push_back(beside(key, "key"));
    std::vector<ExpressionRef> rests;
    for (const typed::PatternElement& element : pattern.elements) {
      SplitCondition condition = split_condition(element.condition, static_cast<int>(before.size()));
      const auto* constant = condition.row ? std::get_if<typed::Constant>(&condition.row->node) : nullptr;
      const bool* known = constant != nullptr ? std::get_if<bool>(&constant->value.content) : nullptr;
      const bool always = known != nullptr && *known;
      made.elements.push_back({.kind = element.kind,
                               .name = element.name,
                               .least = element.least,
                               .most = element.most,
                               .list = element.list,
                               .fit = condition.row && !always ? beside(condition.row, "fit") : -1});
      rests.push_back(std::move(condition.rest));
    }
    // The columns of elements are behind those that came in meanwhile.
    const int moved = static_cast<int>(row(at).size() - before.size());
    std::vector<int> places;
    for (size_t i = 0; i < before.size(); ++i) places.push_back(static_cast<int>(i));
    for (size_t i = 0; i < pattern.elements.size(); ++i) places.push_back(static_cast<int>(before.size() + i) + moved);
    int output = static_cast<int>(pattern.keys.size());
    for (size_t i = 0; i < pattern.elements.size(); ++i) {
      if (rests[i]) made.elements[i].rest = typed::remap_columns(rests[i], places);
      if (pattern.elements[i].kind != typed::ElementKind::absent) made.elements[i].output = output++;
    }
    Node node{.content = std::move(made), .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
    node.state.label = pattern.name.empty() ? owner.name + ": " + step.text : owner.name + " as " + pattern.name;
    return add(std::move(node));
  }

  int ticks(const typed::TickStep& every, const typed::Step& step, const typed::Relation& owner) {
    std::vector<int> upstream;
    for (const typed::RelationId id : every.moved_by) upstream.push_back(relation(id));
    std::set<int> seen, sources;
    while (!upstream.empty()) {
      const int at = upstream.back();
      upstream.pop_back();
      if (!seen.insert(at).second) continue;
      const auto* source = std::get_if<SourceNode>(&plan_.nodes[at].content);
      if (source != nullptr && project_.relations[source->relation].has_time) sources.insert(at);
      for (const int input : plan_.nodes[at].inputs) upstream.push_back(input);
    }
    Node node{.content = TickNode{every.every_us},
              .inputs = {sources.begin(), sources.end()},
              .row = step.row,
              .text = step.text,
              .span = step.span};
    node.state.label = owner.name + ": " + step.text;
    return add(std::move(node));
  }

  /// Rows of a port that a step names are as they were there, with fields that nobody has converted yet.
  int read_port(const typed::FromStep& from, const typed::Step& step) {
    relation(from.relation);
    const int published = published_.at(from.relation);
    const int product = std::get<PublishNode>(plan_.nodes[published].content).product;
    Node node{.content = PortNode{product, from.port},
              .inputs = {published},
              .row = step.row,
              .text = step.text,
              .span = step.span};
    if (const auto named = ports_.find({from.relation, from.port}); named != ports_.end()) node.row = named->second;
    return add(std::move(node));
  }

  /// The versions of a product's table in the order of time, each with the one before it of its key. What they come to
  /// in a turn depends on how they come; this does not.
  int read_changes(const typed::FromStep& from, const typed::Step& step, const typed::Relation& owner) {
    relation(from.relation);
    const typed::Relation& table = project_.relations[from.relation];
    const auto known = versions_of_.find(from.relation);
    const int versions = known != versions_of_.end() ? known->second : history(from.relation);
    if (retracted_column(row(versions)) >= 0) return net_by_instants(versions, table, step, owner);
    const Type side = step.row[1].type;
    const auto made = [&](const Type& type, auto node) { return typed::make(type, step.span, std::move(node)); };

    // The keys, and the row that stands from then on, or null.
    Node sides{.content = ProjectNode{"read", {}}, .inputs = {versions}, .text = step.text, .span = step.span};
    auto& columns = std::get<ProjectNode>(sides.content).columns;
    typed::RunningStep running;
    for (const std::vector<int>& path : table.version_key.empty() ? table.key : table.version_key) {
      columns.push_back(typed::read_path(row(versions), path, step.span));
      const int place = static_cast<int>(sides.row.size());
      sides.row.push_back({fmt::format("key{}", place), columns.back()->type});
      running.keys.push_back(made(columns.back()->type, typed::ColumnRead{place}));
    }
    std::vector<ExpressionRef> fields;
    for (size_t i = 0; i < side->element->fields.size(); ++i)
      fields.push_back(column(versions, static_cast<int>(i), step.span));
    ExpressionRef stands = made(side, typed::Convert{typed::Conversion::to_optional,
                                                     made(side->element, typed::MakeStruct{std::move(fields)})});
    if (const int deleted = deleted_column(row(versions)); deleted >= 0)
      stands = made(side, typed::Choose{column(versions, deleted, step.span),
                                        made(side, typed::Constant{Value{Null{}}}), std::move(stands)});
    const int after = static_cast<int>(sides.row.size()), before = after + 1;
    columns.push_back(std::move(stands));
    sides.row.push_back({"after", side});
    typed::Step previous{.content = running, .row = sides.row, .span = step.span, .text = step.text};
    previous.row.push_back({"before", side});
    int at = add(std::move(sides));

    running.aggregates.push_back({.kind = typed::AggregateKind::last,
                                  .argument = made(side, typed::ColumnRead{after}),
                                  .by = nullptr,
                                  .filter = nullptr,
                                  .type = side,
                                  .span = step.span,
                                  .before = true});
    at = this->running(at, running, previous, owner);

    const ExpressionRef stood = made(side, typed::ColumnRead{before}), now = made(side, typed::ColumnRead{after});
    const ExpressionRef alike = made(bool_type(), typed::Operation{typed::Operator::equal, {stood, now}});
    at = add({.content = KeepNode{made(bool_type(), typed::Not{alike}), "", ""},
              .inputs = {at},
              .row = row(at),
              .text = step.text,
              .span = step.span});
    return add(changes_row(at, stood, now, step));
  }

  /// `op`, and the row before and after the change, of which one may be null.
  static Node changes_row(int at, const ExpressionRef& before, const ExpressionRef& after, const typed::Step& step) {
    const auto made = [&](const Type& type, auto node) { return typed::make(type, step.span, std::move(node)); };
    const auto word = [&](RowChange change) {
      static constexpr const char* kWords[] = {"c", "u", "d"};
      return made(string_type(), typed::Constant{Value{std::string(kWords[static_cast<size_t>(change)])}});
    };
    const ExpressionRef goes = made(string_type(), typed::Choose{made(bool_type(), typed::IsNull{after}),
                                                                 word(RowChange::goes), word(RowChange::becomes)});
    const ExpressionRef op =
        made(string_type(), typed::Choose{made(bool_type(), typed::IsNull{before}), word(RowChange::comes), goes});
    return {.content = ProjectNode{"read", {op, before, after}},
            .inputs = {at},
            .row = step.row,
            .text = step.text,
            .span = step.span};
  }

  /// Rows that go and come, instant by instant: at each of them a key has one of both at most.
  int net_by_instants(int at, const typed::Relation& table, const typed::Step& step, const typed::Relation& owner) {
    at = carry(at, step.text, step.span);
    NetNode net{{}, true};
    for (const std::vector<int>& path : table.key) net.keys.push_back(typed::read_path(row(at), path, step.span));
    Node node{.content = std::move(net), .inputs = {at}, .row = row(at), .text = step.text, .span = step.span};
    node.row.pop_back();
    const int change = static_cast<int>(node.row.size());
    const std::vector<Field> marks = change_marks(node.row, true);
    node.row.insert(node.row.end(), marks.begin(), marks.end());
    node.state.label = owner.name + ": " + step.text;
    at = add(std::move(node));

    const Type side = step.row[1].type;
    const auto made = [&](const Type& type, auto content) { return typed::make(type, step.span, std::move(content)); };
    std::vector<ExpressionRef> fields;
    for (int i = 0; i < change; ++i) fields.push_back(column(at, i, step.span));
    const ExpressionRef row_there =
        made(side,
             typed::Convert{typed::Conversion::to_optional, made(side->element, typed::MakeStruct{std::move(fields)})});
    const ExpressionRef gone =
        made(bool_type(),
             typed::Operation{typed::Operator::equal,
                              {column(at, change, step.span),
                               made(int_type(), typed::Constant{Value{static_cast<int64_t>(RowChange::goes)}})}});
    const ExpressionRef none = made(side, typed::Constant{Value{Null{}}});
    const ExpressionRef before = made(side, typed::Choose{gone, row_there, column(at, change + 1, step.span)});
    const ExpressionRef after = made(side, typed::Choose{gone, none, row_there});
    return add(changes_row(at, before, after, step));
  }

  /// The list is computed behind the row that its elements go on with.
  int unnest(int at, const typed::UnnestStep& unnest, const typed::Step& step) {
    const int mark = retracted_column(row(at));
    const ExpressionRef list = reading(unnest.list, row(at));
    Node node{.content = UnnestNode{unnest.left, {}}, .row = row(at), .text = step.text, .span = step.span};
    if (mark >= 0) node.row.pop_back();
    node.row.push_back({step.row.back().name, unnested_type(std::get<UnnestNode>(node.content), list->type)});
    if (mark >= 0) node.row.push_back(row(at)[mark]);
    at = carry(at, step.text, step.span);
    Node& carried = plan_.nodes[at];
    std::get<ProjectNode>(carried.content).columns.push_back(list);
    carried.row.push_back({std::string(kList), list->type});
    node.inputs = {at};
    return add(std::move(node));
  }

  /// The arguments are computed behind the row that goes on with the answer.
  int lookup(int at, const typed::LookupStep& lookup, const typed::Step& step, const typed::Relation& owner) {
    LookupNode made{lookup};
    made.step.arguments.clear();
    std::vector<ExpressionRef> arguments;
    for (const ExpressionRef& argument : lookup.arguments) arguments.push_back(reading(argument, row(at)));
    if (!lookup.port.empty()) ports_[{id_of(owner), lookup.port}] = row(at);
    Node node{.content = std::move(made), .row = row(at), .text = step.text, .span = step.span};
    node.row.push_back(step.row.back());
    at = carry(at, step.text, step.span);
    Node& carried = plan_.nodes[at];
    for (size_t i = 0; i < arguments.size(); ++i) {
      std::get<ProjectNode>(carried.content).columns.push_back(arguments[i]);
      carried.row.push_back({fmt::format("{}{}", kArgument, i), arguments[i]->type});
    }
    node.inputs = {at};
    return add(std::move(node));
  }

  /// What says that a row closes its key, or goes, stays behind the other columns.
  void carry_mark(int at, std::vector<ExpressionRef>& columns, std::vector<Field>& fields, Span span) const {
    const int mark = ending_column(row(at));
    if (mark < 0) return;
    columns.push_back(column(at, mark, span));
    fields.push_back(row(at)[mark]);
  }

  int add_never_deleted(int at, const typed::Step& step) {
    at = carry(at, step.text, step.span);
    Node& node = plan_.nodes[at];
    std::get<ProjectNode>(node.content)
        .columns.push_back(typed::make(bool_type(), step.span, typed::Constant{Value{false}}));
    node.row.push_back({std::string(kDeleted), bool_type()});
    return at;
  }

  int unite(int at, const typed::UnionStep& other, const typed::Step& step) {
    // Both sides carry a column checked only where both have it so: else they are converted first.
    int right = relation(other.relation);
    bool equal = true;
    for (size_t i = 0; i < other.columns.size(); ++i) equal &= same(row(at)[i].type, row(right)[other.columns[i]].type);
    if (!equal) {
      at = read_all(at, "read", step.text, step.span);
      right = read_all(right, "read", step.text, step.span);
    }
    Node align{.content = ProjectNode{"align", {}}, .inputs = {right}, .text = step.text, .span = step.span};
    for (size_t i = 0; i < other.columns.size(); ++i) {
      const Type& type = row(right)[other.columns[i]].type;
      std::get<ProjectNode>(align.content)
          .columns.push_back(typed::make(type, step.span, typed::ColumnRead{other.columns[i]}));
      align.row.push_back({row(at)[i].name, type});
    }
    const bool deletes = deleted_column(row(at)) >= 0 || deleted_column(row(right)) >= 0;
    if (deletes) {
      const int deleted = deleted_column(row(right));
      ExpressionRef never = typed::make(bool_type(), step.span, typed::Constant{Value{false}});
      std::get<ProjectNode>(align.content).columns.push_back(deleted >= 0 ? column(right, deleted, step.span) : never);
      align.row.push_back({std::string(kDeleted), bool_type()});
      if (deleted_column(row(at)) < 0) at = add_never_deleted(at, step);
    }
    const int aligned = add(std::move(align));
    at = carry(at, step.text, step.span);
    return add({.content = UnionNode{}, .inputs = {at, aligned}, .row = row(at), .text = step.text, .span = step.span});
  }

  typed::RelationId id_of(const typed::Relation& relation) const {
    return static_cast<typed::RelationId>(&relation - project_.relations.data());
  }

  const typed::Project& project_;
  Plan plan_;
  std::map<typed::RelationId, int> built_;
  std::map<typed::RelationId, int> versions_of_;  ///< of products that are tables
  std::map<typed::RelationId, Beginning> beginnings_;
  std::map<typed::RelationId, int> histories_;                                     ///< of tables that steps make
  std::map<typed::RelationId, int> published_;                                     ///< of products: the node that does
  std::map<std::pair<typed::RelationId, std::string>, std::vector<Field>> ports_;  ///< rows of those that `else` names
  int pairs_ = 0;                                                                  ///< of InstantsNode::pair
  bool versions_ = false;  ///< the rows of the flow at hand are versions of a table
};

}  // namespace

Plan build(const typed::Project& project, const std::vector<typed::RelationId>& products) {
  Plan plan = Builder(project).build(products);
  drop_unread(plan, project);
  annotate(plan);
  find_single_matches(plan, project);
  find_right_filters(plan);
  identify(plan, project);
  return plan;
}

bool changes_sessions(const GroupNode& group) {
  return !group.windowed && group.window.kind == typed::WindowKind::session;
}

bool stateful(const Node& node) {
  return std::holds_alternative<TickNode>(node.content) || std::holds_alternative<JoinNode>(node.content) ||
         std::holds_alternative<GroupNode>(node.content) || std::holds_alternative<TopNode>(node.content) ||
         std::holds_alternative<RunningNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
         std::holds_alternative<MovesNode>(node.content) || std::holds_alternative<TableJoinNode>(node.content) ||
         std::holds_alternative<NetNode>(node.content) || std::holds_alternative<EmitNode>(node.content) ||
         std::holds_alternative<InstantsNode>(node.content) || std::holds_alternative<InWindowsNode>(node.content) ||
         std::holds_alternative<InOrderNode>(node.content) || std::holds_alternative<RetimeNode>(node.content) ||
         std::holds_alternative<UniqueNode>(node.content) || std::holds_alternative<MatchNode>(node.content);
}

void annotate(Plan& plan) {
  for (Node& node : plan.nodes) {
    node.products.clear();
    const bool made_here =
        std::holds_alternative<TickNode>(node.content) || std::holds_alternative<GroupNode>(node.content) ||
        std::holds_alternative<TopNode>(node.content) || std::holds_alternative<LatestNode>(node.content) ||
        std::holds_alternative<TableJoinNode>(node.content) || std::holds_alternative<NetNode>(node.content) ||
        std::holds_alternative<MatchNode>(node.content) || std::holds_alternative<UnnestNode>(node.content) ||
        std::holds_alternative<InWindowsNode>(node.content) ||
        (std::holds_alternative<JoinNode>(node.content) && typed::makes_pairs(std::get<JoinNode>(node.content).step));
    const size_t flow_inputs = std::holds_alternative<UnionNode>(node.content) ? node.inputs.size()
                               : node.inputs.empty()                           ? 0
                                                                               : 1;
    node.derived = made_here;
    for (size_t i = 0; i < flow_inputs; ++i) {
      const Node& input = plan.nodes[node.inputs[i]];
      node.derived |= input.derived && !std::holds_alternative<PublishNode>(input.content);
    }
  }
  for (size_t i = plan.nodes.size(); i-- > 0;) {
    Node& node = plan.nodes[i];
    // What reads a product begins its own ledger: the product's own steps count for the product alone.
    if (const auto* publish = std::get_if<PublishNode>(&node.content)) node.products = {publish->product};
    for (const int input : node.inputs) {
      if (std::holds_alternative<PublishNode>(plan.nodes[input].content)) continue;
      auto& products = plan.nodes[input].products;
      for (const int product : node.products)
        if (std::find(products.begin(), products.end(), product) == products.end()) products.push_back(product);
      std::sort(products.begin(), products.end());
    }
  }
}

}  // namespace braid::plan
