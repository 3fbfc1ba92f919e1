#include "mesh/lineage/run_book.h"

#include <nlohmann/json.hpp>

#include "runtime/data/time_text.h"

namespace braid::mesh {

using Json = nlohmann::ordered_json;

std::string to_json(const RunBook& book) {
  Json made = Json::object();
  for (const auto& [name, run] : book) {
    Json one{{"run", run.id}, {"deployment", run.deployment}, {"ended_by", run.ended_by}};
    if (run.before) {
      one["rows"] = run.before->rows;
      if (run.before->bytes) one["bytes"] = *run.before->bytes;
    }
    made[name] = std::move(one);
  }
  return made.dump(2) + "\n";
}

Result<RunBook> read_run_book(const std::string& text) {
  try {
    RunBook book;
    const Json read = Json::parse(text);
    for (const auto& [name, one] : read.items()) {
      OpenRun& run = book[name];
      run.id = one.at("run").get<std::string>();
      run.deployment = one.at("deployment").get<std::string>();
      run.ended_by = one.at("ended_by").get<std::string>();
      if (!one.contains("rows")) continue;
      run.before = RowsWritten{.rows = one["rows"].get<int64_t>()};
      if (one.contains("bytes")) run.before->bytes = one["bytes"].get<int64_t>();
    }
    return book;
  } catch (const Json::exception& problem) {
    return Error{.kind = ErrorKind::input, .message = problem.what()};
  }
}

std::string event_at(const std::string& event, int64_t time_us) {
  Json made = Json::parse(event, nullptr, false);
  if (!made.is_object()) return event;
  std::string time = timestamp_text(time_us);
  made["eventTime"] = time;
  return made.dump();
}

}  // namespace braid::mesh
