// Whether `volume 1_000..5_000 per 1h` of a product can hold: an upper bound of the rows in each period, from `rate` of
// its source and from the `volume` that its source, or the product of another team, promises.
//
// A bound holds through what keeps or drops rows. Behind steps that make rows of others (windows, joins, `unnest`,
// unions) nothing is said.
#include <fmt/format.h>

#include <variant>

#include "compiler/check/context.h"
#include "runtime/data/value.h"
#include "runtime/report/promise_findings.h"

namespace braid::checking {
namespace {

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

/// At most so many rows in each period, and why.
struct MostRows {
  double rows;
  std::string why;
};

/// How many whole pieces of `piece` a period has a part of. Periods begin at multiples of their length.
int64_t pieces_of(int64_t period, int64_t piece) {
  return period % piece == 0 ? period / piece : period / piece + 2;
}

void lower(std::optional<MostRows>& most, double rows, const std::string& why) {
  if (!most || rows < most->rows) most = {rows, why};
}

std::optional<MostRows> most_rows(const typed::Project& project, typed::RelationId id, int64_t period,
                                  const std::string& domain) {
  const typed::Relation& relation = project.relations[static_cast<size_t>(id)];
  std::optional<MostRows> most;
  if (relation.source || relation.domain != domain) {
    if (relation.source && relation.source->rate)
      // In any time of that length, so also in one that begins anywhere.
      lower(most,
            static_cast<double>(relation.source->rate->rows) *
                static_cast<double>((period + relation.source->rate->period_us - 1) / relation.source->rate->period_us),
            fmt::format("`{}` has a rate of {} per {}", relation.qualified(), relation.source->rate->rows,
                        length(relation.source->rate->period_us)));
    for (const typed::VolumePromise& promised : relation.promises.volumes)
      if (promised.period_us > 0)
        lower(most, static_cast<double>(promised.most) * static_cast<double>(pieces_of(period, promised.period_us)),
              fmt::format("`{}` promises `{}`", relation.qualified(), typed::text_of(promised)));
    return most;
  }
  for (const typed::Step& step : relation.steps) {
    if (const auto* from = std::get_if<typed::FromStep>(&step.content)) {
      if (!from->port.empty() || from->by_arrival) return std::nullopt;
      most = most_rows(project, from->relation, period, domain);
      continue;
    }
    const bool keeps = std::holds_alternative<typed::WhereStep>(step.content) ||
                       std::holds_alternative<typed::ProjectStep>(step.content) ||
                       std::holds_alternative<typed::DistinctStep>(step.content) ||
                       std::holds_alternative<typed::RunningStep>(step.content);
    if (!keeps) return std::nullopt;
  }
  // Rows of another time are of other periods.
  return relation.retimed ? std::nullopt : most;
}

}  // namespace

void check_volume(Context& context, const typed::Relation& relation, typed::RelationId id, const ast::Volume& promised,
                  Span span) {
  for (const typed::VolumePromise& volume : relation.promises.volumes) {
    if (volume.least != promised.least.value || volume.most != promised.most.value || volume.period_us <= 0) continue;
    const std::optional<MostRows> most = most_rows(context.project, id, volume.period_us, relation.domain);
    if (!most || most->rows >= static_cast<double>(volume.least)) continue;
    context.reporter
        .report(diag::VolumeCannotHold{.promise = typed::text_of(volume), .most = fmt::format("{:.0f}", most->rows)})
        .at(span, "promised here")
        .note(fmt::format("{}, and the steps make no row more: at most {:.0f} per {}", most->why, most->rows,
                          length(volume.period_us)))
        .note("promise fewer rows, or ask the owner of the source for more");
    return;
  }
}

}  // namespace braid::checking
