#include "mesh/lineage/run_event.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/data/time_text.h"

namespace braid::mesh {

using Json = nlohmann::ordered_json;

namespace {

const std::string kFacets = "https://openlineage.io/spec/facets/";

}  // namespace

struct RunEvents::Parts {
  Json described;
  std::string engine;

  Json facet(const std::string& version, const std::string& name) const {
    return {{"_producer", described.at("producer")},
            {"_schemaURL", kFacets + version + "/" + name + ".json#/$defs/" + name}};
  }
};

RunEvents::RunEvents(const std::string& described, const std::string& engine)
    : parts_(std::make_unique<Parts>(Parts{Json::parse(described), engine})) {}
RunEvents::~RunEvents() = default;
RunEvents::RunEvents(RunEvents&&) noexcept = default;
RunEvents& RunEvents::operator=(RunEvents&&) noexcept = default;

std::string RunEvents::at(const RunMoment& moment) const {
  const Json& described = parts_->described;
  std::string time = timestamp_text(moment.time_us);
  Json engine = parts_->facet("1-1-1", "ProcessingEngineRunFacet");
  engine["version"] = parts_->engine;
  engine["name"] = "Braid";
  Json run{{"runId", moment.run}, {"facets", {{"processing_engine", std::move(engine)}}}};
  if (!moment.error.empty()) {
    Json error = parts_->facet("1-0-1", "ErrorMessageRunFacet");
    error["message"] = moment.error;
    error["programmingLanguage"] = "Braid";
    run["facets"]["errorMessage"] = std::move(error);
  }
  Json outputs = described.at("outputs");
  if (moment.written) {
    Json written = parts_->facet("1-0-2", "OutputStatisticsOutputDatasetFacet");
    written["rowCount"] = moment.written->rows;
    if (moment.written->bytes) written["size"] = *moment.written->bytes;
    outputs.at(0)["outputFacets"]["outputStatistics"] = std::move(written);
  }
  const Json made{{"eventType", moment.type},
                  {"eventTime", time},
                  {"producer", described.at("producer")},
                  {"schemaURL", "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
                  {"run", std::move(run)},
                  {"job", described.at("job")},
                  {"inputs", described.at("inputs")},
                  {"outputs", std::move(outputs)}};
  return made.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string RunEvents::deployment() const {
  Json made = parts_->described;
  made.erase("eventTime");
  return made.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string run_id(int64_t time_us, const std::string& random) {
  const std::string at = fmt::format("{:012x}", static_cast<uint64_t>(time_us / 1000) & 0xFFFF'FFFF'FFFF);
  // The two highest bits of the fourth group are 10.
  const char variant = "89ab"[std::string_view("0123456789abcdef").find(random.at(3)) & 3];
  return fmt::format("{}-{}-7{}-{}{}-{}", at.substr(0, 8), at.substr(8), random.substr(0, 3), variant,
                     random.substr(4, 3), random.substr(7, 12));
}

}  // namespace braid::mesh
