#include "cli/present/job_log.h"

#include <cstdio>

#include "cli/present/report.h"

namespace braid::cli {
namespace {

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

}  // namespace

void JobLog::write(LogLevel level, std::string_view event, JsonObject fields) const {
  if (!structured_ || level < least_) return;
  JsonObject line;
  line.text("time", instant_text(clock_.now_us()));
  line.text("level", level_name(level));
  line.text("event", event);
  line.append(std::move(fields));
  const std::string text = line.take() + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);  // at once, so that lines stay whole
}

}  // namespace braid::cli
