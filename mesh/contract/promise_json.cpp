#include "mesh/contract/promise_json.h"

#include "mesh/contract/json_members.h"

namespace braid::mesh {
Json paths_to_json(const std::vector<std::vector<std::string>>& paths) {
  Json made = Json::array();
  for (const std::vector<std::string>& path : paths) made.push_back(path);
  return made;
}

std::vector<std::vector<std::string>> paths_of_json(const Json& json) {
  return json.get<std::vector<std::vector<std::string>>>();
}

Json promises_to_json(const typed::Promises& promises) {
  Json made = Json::object();
  if (promises.fresh_us) made["fresh_us"] = *promises.fresh_us;
  for (const typed::LatencyPromise& one : promises.latencies)
    made["latency"].push_back({{"quantile", one.quantile}, {"below_us", one.below_us}});
  for (const typed::CompletePromise& one : promises.completes)
    made["complete"].push_back({{"fields", paths_to_json(one.fields)}, {"percent", one.percent}});
  for (const typed::VolumePromise& one : promises.volumes)
    made["volume"].push_back({{"least", one.least}, {"most", one.most}, {"period_us", one.period_us}});
  if (promises.state_bytes) made["state_bytes"] = *promises.state_bytes;
  if (promises.keep_us) made["keep_us"] = *promises.keep_us;
  return made;
}

typed::Promises promises_of_json(const Json& json) {
  typed::Promises made;
  made.fresh_us = number_of(json, "fresh_us");
  for (const Json& one : list_of(json, "latency"))
    made.latencies.push_back(
        {.quantile = one.at("quantile").get<std::string>(), .below_us = one.at("below_us").get<int64_t>()});
  for (const Json& one : list_of(json, "complete"))
    made.completes.push_back(
        {.fields = paths_of_json(one.at("fields")), .percent = one.at("percent").get<std::string>()});
  for (const Json& one : list_of(json, "volume"))
    made.volumes.push_back({.least = one.at("least").get<int64_t>(),
                            .most = one.at("most").get<int64_t>(),
                            .period_us = one.at("period_us").get<int64_t>()});
  made.state_bytes = number_of(json, "state_bytes");
  made.keep_us = number_of(json, "keep_us");
  return made;
}

Json uniques_to_json(const std::vector<typed::UniquePromise>& uniques) {
  Json made = Json::array();
  for (const typed::UniquePromise& unique : uniques) {
    Json one{{"fields", paths_to_json(unique.fields)}};
    if (unique.within_us) one["within_us"] = *unique.within_us;
    made.push_back(std::move(one));
  }
  return made;
}

std::vector<typed::UniquePromise> uniques_of_json(const Json& json) {
  std::vector<typed::UniquePromise> made;
  for (const Json& one : json)
    made.push_back({.fields = paths_of_json(one.at("fields")), .within_us = number_of(one, "within_us")});
  return made;
}

Json expectation_to_json(const typed::Expectation& expectation) {
  Json made = promises_to_json(expectation.promises);
  if (!expectation.uniques.empty()) made["unique"] = uniques_to_json(expectation.uniques);
  if (!expectation.checks.empty()) made["checks"] = expectation.checks;
  return made;
}

typed::Expectation expectation_of_json(const Json& json) {
  return {.promises = promises_of_json(json),
          .uniques = uniques_of_json(list_of(json, "unique")),
          .checks = list_of(json, "checks").get<std::vector<std::string>>()};
}

}  // namespace braid::mesh
