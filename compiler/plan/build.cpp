#include "compiler/plan/builder.h"
#include "compiler/plan/digest.h"
#include "compiler/plan/right_filters.h"
#include "compiler/plan/unique_rows.h"

namespace braid::plan {

Plan Builder::build(const std::vector<typed::RelationId>& products) {
  for (const typed::RelationId product : products) {
    const int node = relation(product);
    // A test may look at a view as if it were published.
    const typed::Relation& looked_at = project_.relations[product];
    if (looked_at.kind != typed::RelationKind::view) continue;
    if (!looked_at.changes && looked_at.version_key.empty()) {
      publish(product, as_stream(product, node));
      continue;
    }
    int at = read_all(node, "publish", "view " + looked_at.name, looked_at.span);
    if (!looked_at.changes) at = as_table(at, looked_at);
    publish(product, net_of_product(at, looked_at));
  }
  return std::move(plan_);
}

int Builder::relation(typed::RelationId id) {
  if (const auto known = built_.find(id); known != built_.end()) return known->second;
  const typed::Relation& relation = project_.relations[id];
  const int node = relation.source ? declared(id) : flow(id);
  return built_[id] = node;
}

bool Builder::is_table(typed::RelationId id) const {
  const typed::Relation& relation = project_.relations[id];
  if (relation.kind != typed::RelationKind::view) return relation.kind == typed::RelationKind::table;
  if (relation.changes) return false;
  return reads_table(relation);
}

bool Builder::reads_table(const typed::Relation& relation) const {
  const auto* from = std::get_if<typed::FromStep>(&relation.steps.front().content);
  return from != nullptr && is_table(from->relation);
}

int Builder::keep_checked(int at, const typed::Check& check) {
  return add({.content = KeepNode{unless_ends(at, check.condition), "", check.name,
                                  check.otherwise == typed::Check::Otherwise::stop},
              .inputs = {at},
              .row = row(at),
              .text = "check " + check.name,
              .span = check.span});
}

bool Builder::joined_in_time(int at) const {
  const Node& node = plan_.nodes[static_cast<size_t>(at)];
  const auto* join = std::get_if<JoinNode>(&node.content);
  if (join != nullptr && join->step.kind != typed::JoinKind::reference && !join->step.latest) return true;
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](int input) { return joined_in_time(input); });
}

int Builder::flow(typed::RelationId id) {
  const typed::Relation& relation = project_.relations[id];
  const Beginning begun = beginning(id);
  int at = begun.at;
  bool versions = reads_table(relation);
  for (size_t i = begun.steps; i < relation.steps.size(); ++i) {
    versions_ = versions;  // a relation read on the way has set it for itself
    at = this->step(at, relation.steps[i], relation);
    versions &= !std::holds_alternative<typed::LatestStep>(relation.steps[i].content);
  }
  if (relation.retimed) at = retime(at, relation);
  if (relation.kind != typed::RelationKind::product) {
    // Of a product that the checker has made once more as a view.
    for (const typed::Check& check : relation.checks) at = keep_checked(at, check);
    return at;
  }

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
  if (!relation.changes) {
    const int written = outlet(at, relation);
    if (written == at) return publish(id, at);
    // Who reads the product in the same job reads its rows, not what others are given of them.
    publish(id, written);
    return at;
  }
  if (!relation.version_key.empty()) {
    versions_of_[id] = at;
    at = as_table(at, relation);
  }
  // Who reads the product has its changes as they are, not what those of a turn come to.
  publish(id, net_of_product(outlet(at, relation), relation));
  return at;
}

int Builder::outlet(int at, const typed::Relation& product) {
  if (put_out_ == PutOut::rows) return at;
  versions_ = false;  // of a table they are changes by now
  for (const typed::Step& step : product.outlet) at = this->step(at, step, product);
  return at;
}

int Builder::as_table(int at, const typed::Relation& relation) {
  std::vector<ExpressionRef> key = table_key(at, relation, relation.span);
  return latest(at, std::move(key), true, relation.name + ": table", "table " + relation.name, relation.span);
}

ExpressionRef Builder::unless_ends(int at, const ExpressionRef& condition) const {
  const int deleted = deleted_column(row(at));
  if (deleted < 0) return condition;
  return typed::make(bool_type(), condition->span, typed::Either{column(at, deleted, condition->span), condition});
}

ExpressionRef Builder::unless_goes(int at, const ExpressionRef& condition) const {
  const int retracted = retracted_column(row(at));
  if (retracted < 0) return condition;
  return typed::make(bool_type(), condition->span, typed::Either{column(at, retracted, condition->span), condition});
}

int Builder::as_stream(typed::RelationId id, int at) {
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

int Builder::publish(typed::RelationId id, int at) {
  const typed::Relation& relation = project_.relations[id];
  plan_.products.push_back(id);
  return published_[id] = add({.content = PublishNode{static_cast<int>(plan_.products.size()) - 1},
                               .inputs = {at},
                               .row = row(at),
                               .text = "product " + relation.name,
                               .span = relation.span});
}

int Builder::step(int at, const typed::Step& step, const typed::Relation& owner) {
  auto node = [&](auto content) {
    return Node{.content = std::move(content), .inputs = {at}, .row = step.row, .text = step.text, .span = step.span};
  };
  if (const auto* from = std::get_if<typed::FromStep>(&step.content)) return this->from(*from, step, owner);
  if (const auto* every = std::get_if<typed::TickStep>(&step.content)) return ticks(*every, step, owner);
  if (const auto* other = std::get_if<typed::UnionStep>(&step.content))
    return other->of_tables ? unite_tables(at, *other, step, owner) : unite(at, *other, step);
  if (const auto* where = std::get_if<typed::WhereStep>(&step.content)) {
    if (versions_) return close_unless(at, where->condition, step);
    Node keep = node(KeepNode{reading(where->condition, row(at)), where->port, ""});
    keep.row = row(at);
    note_port(owner, where->port, at);
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
  if (const auto* join = std::get_if<typed::JoinStep>(&step.content)) return this->join(at, *join, step, owner);
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
  if (const auto* lookup = std::get_if<typed::LookupStep>(&step.content)) return this->lookup(at, *lookup, step, owner);
  if (const auto* newest = std::get_if<typed::LatestStep>(&step.content)) {
    const bool versions = versions_;
    at = read_all(at, "read", step.text, step.span);
    at = latest(at, newest->keys, versions, label_of(step, newest->name, owner), step.text, step.span);
    std::get<LatestNode>(plan_.nodes[at].content).retain_us = newest->retain_us;
    return at;
  }
  if (const auto* pattern = std::get_if<typed::MatchStep>(&step.content)) return match(at, *pattern, step, owner);
  if (const auto* top = std::get_if<typed::TopStep>(&step.content)) return this->top(at, *top, step, owner);
  if (const auto* in_windows = std::get_if<typed::InWindowsStep>(&step.content))
    return rows_in_windows(at, *in_windows, step, owner);
  if (const auto* running = std::get_if<typed::RunningStep>(&step.content))
    return this->running(at, *running, step, owner);
  return this->group(at, std::get<typed::GroupStep>(step.content), step, owner);
}

Plan build(const typed::Project& project, const std::vector<typed::RelationId>& products, PutOut put_out) {
  Plan plan = Builder(project, put_out).build(products);
  drop_unread(plan, project);
  annotate(plan);
  find_single_matches(plan, project);
  find_right_filters(plan);
  identify(plan, project);
  return plan;
}

}  // namespace braid::plan
