// How the records of a stream came: `from S by arrival`, `arrival_time()` and `headers()`. Where a flow asks for the
// last two, they are columns behind the row, under names that no script can write, up to the first step that does more
// than compute: a `let` gives what is wanted behind that a name.
#include <algorithm>

#include "compiler/check/flow.h"
#include "compiler/check/step_words.h"

namespace braid::checking {
namespace {

struct HowItCame {
  std::string_view function, column;
};
constexpr HowItCame kAll[] = {{"arrival_time", typed::kArrival}, {"headers", typed::kHeaders}};

}  // namespace

bool FlowChecker::arrives(const ast::From& from, const Declaration& declaration, bool of_port) {
  const Span clause = cover(context_.word(from.span, "by"), context_.word(from.span, "arrival"));
  const std::string_view kind = declaration.kind();
  if (!of_port && kind == "stream") return true;
  context_.not_yet(clause, "`by arrival` of a " + (of_port ? "port" : std::string(kind)),
                   !of_port && kind == "table"
                       ? "a stream of the same records, read by arrival, and `last per` over it"
                       : "`by arrival` where the stream itself is read; flows that read that one have its time");
  return false;
}

void FlowChecker::add_how_it_came(bool by_arrival, typed::FromStep& made, Span span) {
  typed::Source& source = *context_.project.relations[static_cast<size_t>(made.relation)].source;
  made.by_arrival = by_arrival;
  made.arrival = calls_later("arrival_time");
  made.headers = calls_later("headers");
  source.reads_arrival |= by_arrival || made.arrival;
  source.reads_headers |= made.headers;
  if (made.arrival) row_.fields.push_back({std::string(typed::kArrival), timestamp_type(), false, span, -1});
  if (made.headers)
    row_.fields.push_back({std::string(typed::kHeaders), map_type(string_type(), bytes_type()), false, span, -1});
  if (!by_arrival) return;
  row_.has_time = true;
  row_.time_field = -1;
  row_.time_clause = {};
}

void FlowChecker::keep_how_it_came(std::vector<Column>& columns) const {
  if (flow_ == nullptr) return;
  for (const auto& [function, name] : kAll) {
    const int column = row_.find(name);
    const bool stays =
        std::any_of(columns.begin(), columns.end(), [&](const Column& one) { return one.field.name == name; });
    if (column < 0 || stays || !calls_later(function)) continue;
    const RowField& field = row_.fields[static_cast<size_t>(column)];
    columns.push_back({field, typed::make(field.type, field.declared, typed::ColumnRead{column})});
  }
}

bool FlowChecker::calls_later(std::string_view function) const {
  for (size_t i = step_ + 1; i < flow_->steps.size() && only_computes(flow_->steps[i]); ++i)
    if (has_word(context_.text(flow_->steps[i].span), function)) return true;
  return false;
}

}  // namespace braid::checking
