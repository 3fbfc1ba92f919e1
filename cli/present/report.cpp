#include "cli/present/report.h"

#include <cstdio>

#include "cli/present/table.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

constexpr int64_t kFirstShownAfterUs = 500'000;
constexpr int64_t kShownEveryUs = 200'000;

std::string terms(const Ledger& ledger, const char* used) {
  std::string text;
  for (const auto& [count, word] : {std::pair<int64_t, const char*>{ledger.used, used},
                                    {ledger.filtered, "filtered"},
                                    {ledger.duplicate, "duplicate"},
                                    {ledger.unmatched, "unmatched"},
                                    {ledger.rejected, "rejected"},
                                    {ledger.late, "late"},
                                    {ledger.held, "held"},
                                    {ledger.erased, "erased"}})
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " + ", grouped(count), word);
  if (text.empty()) text = "0";
  if (ledger.partly_late > 0)
    text += fmt::format(" ({} of them late for a part of their windows)", grouped(ledger.partly_late));
  if (ledger.early > 0) text += fmt::format(" ({} joined before the time of a table)", grouped(ledger.early));
  return text;
}

/// What a later stage has settled here, and an earlier one took in on another instance.
std::string taken(const Ledger& ledger, const char* in) {
  const std::string here = fmt::format("{} {}", grouped(ledger.in), in);
  return ledger.held < 0 ? fmt::format("{} + {} from other instances", here, grouped(-ledger.held)) : here;
}

}  // namespace

std::string ledger_lines(const JobReport::Product& product) {
  std::string text;
  size_t widest = 0;
  for (const JobReport::Input& input : product.inputs) widest = std::max(widest, input.name.size());
  for (const JobReport::Input& input : product.inputs)
    text +=
        fmt::format("  {:<{}}  {} = {}\n", input.name, widest, taken(input.ledger, "in"), terms(input.ledger, "used"));
  if (product.derived.in != 0 || product.derived.held < 0)
    text += fmt::format("  {:<{}}  {} = {}\n", "windows and joins", widest, taken(product.derived, "made"),
                        terms(product.derived, "emitted"));
  return text;
}

std::string instant_text(int64_t time) {
  if (time == kNoTime) return "none yet";
  if (time == INT64_MAX) return "the end of input";
  return timestamp_text(time);
}

std::string rate_text(int64_t events, int64_t duration_us) {
  const double rate = duration_us > 0 ? static_cast<double>(events) * 1e6 / static_cast<double>(duration_us) : 0;
  if (rate >= 1e6) return fmt::format("{:.1f} M events/s", rate / 1e6);
  if (rate >= 1e3) return fmt::format("{:.0f} k events/s", rate / 1e3);
  return fmt::format("{:.0f} events/s", rate);
}

void ProgressLine::show(const JobProgress& progress) {
  if (!console_.live) return;
  const int64_t elapsed = elapsed_us();
  if (elapsed < kFirstShownAfterUs || elapsed - shown_us_ < kShownEveryUs) return;
  shown_us_ = elapsed;
  std::string line = fmt::format("{} events · {} · watermark {}", grouped(progress.events),
                                 rate_text(progress.events, elapsed), instant_text(progress.watermark));
  if (progress.newest != kNoTime && progress.watermark != kNoTime && progress.watermark < progress.newest)
    line +=
        " · lag " + to_literal(duration_type(), Value{(progress.newest - progress.watermark) / 1'000'000 * 1'000'000});
  line += fmt::format(" · state {} rows, {}", grouped(static_cast<int64_t>(progress.state.rows)),
                      bytes_text(static_cast<int64_t>(progress.state.bytes)));
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  visible_ = true;
}

void ProgressLine::clear() {
  if (!visible_) return;
  std::fputs("\r\x1b[K", stderr);
  visible_ = false;
}

}  // namespace braid::cli
