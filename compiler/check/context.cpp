#include "compiler/check/context.h"

#include "compiler/check/constants.h"

namespace braid::checking {

int Row::find(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == name) return static_cast<int>(i);
  return -1;
}

std::vector<Field> Row::types() const {
  std::vector<Field> row;
  for (const RowField& field : fields) row.push_back({field.name, field.type});
  return row;
}

Span Context::word(Span span, std::string_view word) const {
  auto letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  const std::string_view whole = text(span);
  for (size_t at = whole.find(word); at != std::string_view::npos; at = whole.find(word, at + 1)) {
    if (at > 0 && letter(whole[at - 1])) continue;
    if (at + word.size() < whole.size() && letter(whole[at + word.size()])) continue;
    const uint32_t begin = span.begin + static_cast<uint32_t>(at);
    return {span.file, begin, begin + static_cast<uint32_t>(word.size())};
  }
  return span;
}

void Context::not_yet(Span span, std::string construct, std::string way_out) {
  reporter.report(diag::NotYet{.construct = std::move(construct)})
      .at(span, "not in this version")
      .note(std::move(way_out));
}

std::optional<int64_t> Context::length_of(const ast::Duration& duration, std::string what) {
  if (is_calendar(duration)) {
    reporter.report(diag::CalendarUnit{.text = duration.text, .what = std::move(what)})
        .at(duration.span, "how long this is depends on the date");
    return std::nullopt;
  }
  const std::optional<int64_t> length = fixed_length(duration);
  if (length && *length <= kLongestUs) return length;
  reporter.report(diag::NumberDoesNotFit{.number = duration.text, .type = "duration"})
      .at(duration.span, "longer than 10,000 years");
  return std::nullopt;
}

void Context::not_watched(Span span) {
  if (is_interface(span.file)) return;
  reporter.report(diag::NotYetWatched{.construct = "`" + std::string(text(span)) + "`"}).at(span);
}

DiagnosticBuilder Context::no_event_time(const Row& row, std::string relation, std::string step) {
  std::string field = "FIELD";
  for (const RowField& each : row.fields) {
    if (!is(each.type, TypeKind::timestamp)) continue;
    field = each.name;
    break;
  }
  DiagnosticBuilder report =
      reporter.report(diag::NoEventTime{.relation = std::move(relation), .step = std::move(step)});
  report.note(fmt::format("`time {} within 10s` in the stream's declaration gives it one", field));
  return report;
}

}  // namespace braid::checking
