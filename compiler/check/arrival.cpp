// How the records of a stream or a table came: `from S by arrival`, `arrival_time()` and `headers()`. Where a flow asks
// for the last two, they are fields of the row, under names that no script can write, as far as steps hand their rows
// on: a `let` gives what is wanted behind that a name. A view is made once more with them, as for the time of rows of a
// table. A product publishes rows that have them only as fields of its own.
#include <algorithm>
#include <utility>

#include "compiler/check/flow.h"
#include "compiler/check/step_words.h"
#include "runtime/report/change_findings.h"
#include "runtime/report/step_findings.h"

namespace braid::checking {
namespace {

struct HowItCame {
  std::string_view function;
  const std::string& field;
  Type type;
};

const HowItCame& how_it_came(size_t which) {
  static const HowItCame all[] = {{"arrival_time", kCameAt, timestamp_type()},
                                  {"headers", kCameWith, map_type(string_type(), bytes_type())}};
  return all[which];
}

/// A step of several rows makes its own.
bool makes_rows(const ast::Step& step) {
  return std::holds_alternative<ast::Group>(step.node) || std::holds_alternative<ast::Match>(step.node) ||
         std::holds_alternative<ast::ErrorStep>(step.node);
}

}  // namespace

typed::ExpressionRef Expressions::how_it_came(const std::string& name, Span span) {
  const int place = row_ == nullptr ? -1 : row_->find(name == "headers" ? kCameWith : kCameAt);
  if (place >= 0 && !in_group()) return column(place, span);
  if (row_ != nullptr && row_->open) return poison(span);
  if (place >= 0) {
    context_.reporter.report(diag::NotAggregated{.name = name + "()"})
        .at(span, "which of the group's rows?")
        .note(name == "headers" ? "fold it: `last(headers())`, or what is wanted of them"
                                : "make it a key of the `group`, or fold it: `max(arrival_time())`");
    return poison(span);
  }
  if (row_ != nullptr && !row_->several.empty() && context_.text(row_->several) != "union") {
    context_.reporter.report(diag::RowsThatAreMade{.what = name + "()", .relation = row_->relation})
        .at(span, "which record came so?")
        .also(row_->several, "makes rows of several that came")
        .note(name == "headers" ? "a `let` before it keeps what is wanted of them; an aggregate as `last(…)` chooses"
                                : "`max(arrival_time())` in a `group` is when the newest came; `now()` is the reading "
                                  "with which a row is made");
    return poison(span);
  }
  without_record(name, span);
  return poison(span);
}

void Expressions::without_record(const std::string& name, Span span) {
  using Why = WithoutRecord::Why;
  const WithoutRecord none;
  const WithoutRecord& rows = row_ == nullptr ? none : row_->without_record;
  const std::string call = name + "()", field = name == "headers" ? "how" : "came";
  const std::string made = "`let " + field + " = " + call + "`";
  if (rows.why == Why::masked && name == "headers") {
    auto report = context_.reporter.report(
        diag::HeadersMasked{.relation = rows.relation, .reader = place_.domain == nullptr ? "" : place_.domain->name});
    report.at(span, "nobody says which of them hold what is masked");
    if (!rows.span.empty()) report.also(rows.span, "masks fields");
    report.note("its own domain can publish what may be seen of them: a product with `trace: headers()[\"trace\"]`");
    return;
  }
  auto report = context_.reporter.report(diag::RowsWithoutRecord{.what = call,
                                                                 .relation = !rows.relation.empty() ? rows.relation
                                                                             : row_ == nullptr      ? "this expression"
                                                                                                    : row_->relation});
  report.at(span, "how did which record come?");
  if (!rows.span.empty()) report.also(rows.span, rows.why == Why::tick ? "rows that time makes" : "declared here");
  switch (rows.why) {
    case Why::product:
      report.note("a product shows what it publishes: " + made + " in its flow makes that a field of it");
      return;
    case Why::port:
      report.note("the rows of a port are those of the step that names it: " + made +
                  " before that step; a rejected row says where its record stands, as `origin`");
      return;
    case Why::tick:
      report.note("`now()` is the reading with which a row is made");
      return;
    default:
      report.note(made +
                  " in a flow that reads a declared stream or table makes a field of it, which goes on with the row");
  }
}

bool FlowChecker::calls_later(std::string_view function) const {
  for (size_t i = step_ + 1; i < flow_->steps.size(); ++i) {
    const ast::Step& step = flow_->steps[i];
    if (has_call(context_.text(step.span), function)) return true;
    if (makes_rows(step)) return false;
  }
  return function == how_it_came(0).function ? keeps_arrival_ : keeps_headers_;
}

void FlowChecker::begin_by_arrival() {
  row_.has_time = true;
  row_.time_field = -1;
  row_.time_clause = {};
  row_.time_of_window = false;
}

void FlowChecker::add_how_it_came(bool by_arrival, typed::FromStep& made, Span span) {
  typed::Source& source = *context_.project.relations[static_cast<size_t>(made.relation)].source;
  made.by_arrival = by_arrival;
  made.arrival = calls_later("arrival_time");
  made.headers = calls_later("headers");
  source.reads_arrival |= by_arrival || made.arrival;
  source.reads_headers |= made.headers;
  for (const size_t which : {0, 1})
    if (which == 0 ? made.arrival : made.headers) {
      const HowItCame& came = how_it_came(which);
      row_.fields.push_back({came.field, came.type, true, span, -1});
    }
  if (by_arrival) begin_by_arrival();
}

RelationInfo& FlowChecker::as_it_came(RelationInfo& read, bool by_arrival) {
  const bool arrival = by_arrival || calls_later("arrival_time"), headers = calls_later("headers");
  if (!arrival && !headers) return read;
  RelationInfo* kept = with_how_it_came(read, arrival, headers);
  if (kept == nullptr && arrival && headers) kept = with_how_it_came(read, true, false);
  return kept == nullptr ? read : *kept;
}

void FlowChecker::by_arrival_of_flow(const ast::From& from, typed::FromStep& made) {
  const Span clause = cover(context_.word(from.span, "by"), context_.word(from.span, "arrival"));
  // Versions of a declared table hold from when they came.
  if (row_.find(kCameAt) >= 0 && !row_.changes) {
    if (row_.table && !row_.has_time && !use_untimed(made.relation, false, clause)) return;
    made.by_arrival = true;
    return begin_by_arrival();
  }
  if (row_.open) return;
  if (!row_.table && !row_.several.empty() && context_.text(row_.several) != "union") {
    context_.reporter.report(diag::RowsThatAreMade{.what = "by arrival", .relation = row_.relation})
        .at(clause, "when did which record come?")
        .also(row_.several, "makes rows of several that came")
        .note("read the stream itself `by arrival`: what is made of its rows has that time");
    return;
  }
  never_arrived(clause);
  // What they lack, they have been said to lack.
  if (!row_.table) begin_by_arrival();
}

void FlowChecker::never_arrived(Span clause) {
  const WithoutRecord& rows = row_.without_record;
  const bool known = rows.why != WithoutRecord::Why::unknown && !rows.relation.empty();
  auto report = context_.reporter.report(diag::NeverArrived{.relation = known ? rows.relation : row_.relation});
  report.at(clause, "made in this job: no record of it arrives");
  if (const Span declared = known ? rows.span : row_.relation_span; !declared.empty())
    report.also(declared, "declared here");
  if (rows.why == WithoutRecord::Why::tick)
    report.note("a row of `from every` has the time that makes it");
  else if (row_.table)
    report.note("`by arrival` where the table or stream is read that it is made of: the table is as of that time then");
  else
    report.note(
        "`by arrival` where the stream itself is read: rows that come of it have its time, also behind a product");
  if (rows.why == WithoutRecord::Why::product && !row_.table)
    report.note(
        "`let came = arrival_time()` in the product makes a field of it, which `time came within 0s` of a view "
        "makes the time of its rows");
}

void FlowChecker::keep_how_it_came(std::vector<Column>& columns) const {
  if (flow_ == nullptr) return;
  for (const size_t which : {0, 1}) {
    const HowItCame& came = how_it_came(which);
    const int column = row_.find(came.field);
    const bool stays =
        std::any_of(columns.begin(), columns.end(), [&](const Column& one) { return one.field.name == came.field; });
    if (column < 0 || stays || !calls_later(came.function)) continue;
    const RowField& field = row_.fields[static_cast<size_t>(column)];
    columns.push_back({field, typed::make(field.type, field.declared, typed::ColumnRead{column})});
  }
}

bool FlowChecker::came_goes(const std::string& field) const {
  if (field == kCameAt && ends_) return !keeps_arrival_;
  if (field == kCameWith && ends_) return !keeps_headers_;
  return !std::holds_alternative<ast::Union>(flow_->steps[step_].node);  // that one decides by its other side
}

WithoutRecord FlowChecker::how_it_came_of(const RelationInfo& read, const Resolved& resolved) {
  const std::string& name = resolved.declaration->name.text;
  if (resolved.port)
    return {WithoutRecord::Why::port, name + "." + resolved.port->text, resolved.declaration->name.span};
  if (resolved.declaration->kind() == "product")
    return {WithoutRecord::Why::product, name, resolved.declaration->name.span};
  return read.row.without_record;
}

RelationInfo* FlowChecker::unite_as_they_came(RelationInfo* other, const Resolved& resolved, Span span) {
  const bool arrival = row_.find(kCameAt) >= 0, headers = row_.find(kCameWith) >= 0;
  if (!arrival && !headers) return other;
  RelationInfo* kept = row_.table == other->row.table ? with_how_it_came(*other, arrival, headers) : nullptr;
  if (kept != nullptr) return kept;
  row_.without_record = how_it_came_of(*other, resolved);
  std::vector<Column> columns = unchanged();
  std::erase_if(columns, [](const Column& one) { return one.field.name == kCameAt || one.field.name == kCameWith; });
  const ast::Flow* flow = std::exchange(flow_, nullptr);
  project("drop", std::move(columns), span);
  flow_ = flow;
  return other;
}

RelationInfo* FlowChecker::with_how_it_came(const RelationInfo& read, bool arrival, bool headers) {
  if (read.id < 0 || read.row.open) return nullptr;
  const typed::Relation relation = context_.project.relations[static_cast<size_t>(read.id)];
  const auto [at, fresh] = context_.came.try_emplace({read.id, arrival, headers});
  RelationInfo& info = at->second;
  if (!fresh) return info.id >= 0 ? &info : nullptr;
  info.declaration = read.declaration;
  const auto* view = std::get_if<ast::View>(&read.declaration->item->node);
  if (relation.source || relation.eyes_of >= 0) {
    // What a domain masks of its records it may hide in their headers.
    if (headers && read.row.without_record.why == WithoutRecord::Why::masked) return nullptr;
    const typed::RelationId id = relation.source ? read.id : relation.eyes_of;
    if (!context_.project.relations[static_cast<size_t>(id)].source) return nullptr;
    read_source_as_it_came(read, relation, arrival, headers, info);
    return &info;
  }
  const bool timed = read.row.find(kRowTime) >= 0;
  const std::string& name = read.declaration->name.text;
  if (view == nullptr || relation.name != (timed ? name + kTimedName : name)) return nullptr;
  // What it has to say it has said.
  const size_t findings = context_.reporter.size();
  FlowChecker checker(context_, info);
  checker.keeps_arrival_ = arrival;
  checker.keeps_headers_ = headers;
  checker.keeps_time_ = timed;
  checker.run(view->clauses, view->flow);
  context_.reporter.truncate(findings);
  info.state = RelationInfo::State::done;
  const bool has_all = (!arrival || info.row.find(kCameAt) >= 0) && (!headers || info.row.find(kCameWith) >= 0) &&
                       (!timed || info.row.find(kRowTime) >= 0);
  if (!has_all) info.id = -1;
  return info.id >= 0 ? &info : nullptr;
}

void FlowChecker::read_source_as_it_came(const RelationInfo& read, const typed::Relation& relation, bool arrival,
                                         bool headers, RelationInfo& info) {
  const typed::RelationId id = relation.source ? read.id : relation.eyes_of;
  typed::Source& source = *context_.project.relations[static_cast<size_t>(id)].source;
  source.reads_arrival |= arrival;
  source.reads_headers |= headers;
  info = read;
  info.state = RelationInfo::State::done;
  typed::Relation made{};
  made.kind = typed::RelationKind::view;
  made.domain = relation.domain;
  made.name = relation.name + " as it came";
  made.version = relation.version;
  made.row = relation.row;
  made.row.resize(read.row.fields.size());  // a source's time inside a struct is no field of readers
  made.key = relation.key;
  if (read.row.table) made.version_key = relation.key;
  made.has_time = relation.has_time;
  made.time_field = read.row.time_field;
  made.span = relation.span;
  made.eyes_of = relation.eyes_of;
  made.steps = relation.steps;
  if (relation.source)
    made.steps.push_back(
        {.content = typed::FromStep{id}, .row = made.row, .span = relation.span, .text = "from " + relation.name});
  auto& from = std::get<typed::FromStep>(made.steps.front().content);
  from.arrival = arrival;
  from.headers = headers;
  for (const size_t which : {0, 1}) {
    if (!(which == 0 ? arrival : headers)) continue;
    const HowItCame& came = how_it_came(which);
    info.row.fields.push_back({came.field, came.type, true, read.row.relation_span, -1});
    made.row.push_back({came.field, came.type});
    // Its steps filter and mask: they hand on what stands behind.
    for (typed::Step& step : made.steps) {
      auto* project = std::get_if<typed::ProjectStep>(&step.content);
      if (project != nullptr)
        project->columns.push_back(
            typed::make(came.type, step.span, typed::ColumnRead{static_cast<int>(step.row.size())}));
      step.row.push_back({came.field, came.type});
    }
  }
  info.id = static_cast<int>(context_.project.relations.size());
  context_.project.relations.push_back(std::move(made));
}

}  // namespace braid::checking
