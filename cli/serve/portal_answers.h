// What the portal asks of a job besides its products' rows: the catalogue, lineage, the job, and the records that it
// could not use. Any thread, but for what is noted of commits, which is locked.
//
//   GET /v1/portal            the job, and who asks
//   GET /v1/catalog           products: owner, labels, fields, status; `q`, `domain`, `label` choose
//   GET /v1/catalog/NAME      one, with fields, promises, versions, readers
//   GET /v1/lineage           fields and what they are made of
//   GET /v1/job               status, with the last commits
//   GET /v1/job/rejected      the newest rejected, late and unmatched records; for owners
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/present/status.h"
#include "runtime/base/fs.h"
#include "runtime/engine/job_monitor.h"
#include "serve/http/server.h"
#include "serve/rest/api.h"

namespace braid::cli {

/// What the scripts say, which is the same for the whole run.
struct PortalFacts {
  /// Of each product: product, version, domain, kind, owner, doc, state, labels, fields [{name, type, doc, labels,
  /// mask}], key, event_time, ends.
  std::vector<nlohmann::ordered_json> products = {};
  nlohmann::ordered_json lineage = {};  ///< relations and edges
};

class PortalAnswers {
 public:
  /// Of the contract of a product now, like "ok".
  using ContractStatus = std::function<std::string(const std::string& product, int64_t version)>;
  /// All of it outlives this. `served`: products that have views.
  PortalAnswers(const PortalFacts& facts, const JobDescription& job, JobMonitor& monitor,
                ContractStatus contract_status, const std::vector<serve::ApiProduct>& served, Fs& fs);

  /// Nothing: the path is none of these. `asks`: it is asked who reads, so only owners see the job's records.
  std::optional<serve::HttpResponse> answer(const serve::HttpRequest& request, bool asks) const;
  void note_commit(uint64_t epoch, int64_t at, int64_t took_us);

 private:
  using Json = nlohmann::ordered_json;
  Json portal(const serve::HttpRequest& request) const;
  Json entry(const Json& product) const;
  serve::HttpResponse catalog(const serve::HttpRequest& request) const;
  serve::HttpResponse product(const std::string& name) const;
  Json job() const;
  serve::HttpResponse rejected(const serve::HttpRequest& request) const;

  const PortalFacts& facts_;
  const JobDescription& job_;
  JobMonitor& monitor_;
  ContractStatus contract_status_;
  std::vector<std::string> served_;  ///< "shop.order@2"
  Fs& fs_;
  mutable std::mutex committed_;
  std::deque<Json> commits_;
};

}  // namespace braid::cli
