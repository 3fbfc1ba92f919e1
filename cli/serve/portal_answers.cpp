#include "cli/serve/portal_answers.h"

#include <algorithm>

#include "runtime/data/time_text.h"
#include "runtime/promise/promise_watch.h"
#include "serve/access/consumer.h"
#include "serve/http/query.h"

namespace braid::cli {
namespace {

constexpr size_t kCommitsKept = 60;
/// Of each file of records, its newest part; records of one answer.
constexpr uint64_t kReadAtMost = 1 << 20;
constexpr size_t kMostRecords = 200;

serve::HttpResponse json(const nlohmann::ordered_json& body) {
  return {.content_type = "application/json",
          .body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

nlohmann::ordered_json instant(int64_t time) {
  if (time == kNoTime || time == kEndTime) return nullptr;
  std::string text;
  append_timestamp(text, time);
  return text;
}

std::string text_of(const nlohmann::ordered_json& product, const char* member) {
  return product.at(member).get<std::string>();
}

int64_t version_of(const nlohmann::ordered_json& product) {
  return product.at("version").get<int64_t>();
}

/// "shop.order@2"
std::string name_of(const nlohmann::ordered_json& product) {
  return fmt::format("{}@{}", text_of(product, "product"), version_of(product));
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string parameter(const serve::HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] :
       serve::query_parts(request.query).value_or(std::vector<std::pair<std::string, std::string>>()))
    if (key == name) return value;
  return {};
}

}  // namespace

PortalAnswers::PortalAnswers(const PortalFacts& facts, const JobDescription& job, JobMonitor& monitor,
                             ContractStatus contract_status, const std::vector<serve::ApiProduct>& served, Fs& fs)
    : facts_(facts), job_(job), monitor_(monitor), contract_status_(std::move(contract_status)), fs_(fs) {
  for (const serve::ApiProduct& each : served) served_.push_back(fmt::format("{}@{}", each.qualified(), each.version));
}

std::optional<serve::HttpResponse> PortalAnswers::answer(const serve::HttpRequest& request, bool asks) const {
  const std::string& path = request.path;
  constexpr std::string_view kOne = "/v1/catalog/";
  const bool known = path == "/v1/portal" || path == "/v1/catalog" || path == "/v1/lineage" || path == "/v1/job" ||
                     path == "/v1/job/rejected" || path.starts_with(kOne);
  if (!known) return std::nullopt;
  if (request.method != "GET") return serve::http_problem(405, "not allowed", "only GET and HEAD");
  if (path == "/v1/portal") return json(portal(request));
  if (path == "/v1/catalog") return catalog(request);
  if (path.starts_with(kOne)) return product(serve::percent_decoded(path.substr(kOne.size())).value_or(""));
  if (path == "/v1/lineage") return json(facts_.lineage);
  const bool is_owner = request.consumer != nullptr && request.consumer->is_owner;
  if (asks && !is_owner) return serve::http_problem(403, "not for you", "this is for owners of the products");
  return path == "/v1/job" ? json(job()) : rejected(request);
}

void PortalAnswers::note_commit(uint64_t epoch, int64_t at, int64_t took_us) {
  const std::lock_guard lock(committed_);
  commits_.push_back({{"epoch", epoch}, {"at", instant(at)}, {"duration_ms", static_cast<double>(took_us) / 1000}});
  if (commits_.size() > kCommitsKept) commits_.pop_front();
}

PortalAnswers::Json PortalAnswers::portal(const serve::HttpRequest& request) const {
  Json reader = nullptr;
  if (request.consumer != nullptr)
    reader = {{"name", request.consumer->name}, {"roles", Json::array()}, {"domains", Json::array()}};
  return {{"job", job_.project},
          {"environment", job_.environment},
          {"braid_version", job_.braid_version},
          {"reader", std::move(reader)},
          {"access", false}};
}

/// The product as a list shows it: with the state of its contract.
PortalAnswers::Json PortalAnswers::entry(const Json& product) const {
  Json made = product;
  made["status"] = contract_status_(text_of(product, "product"), version_of(product));
  made["served"] = std::ranges::find(served_, name_of(product)) != served_.end();
  return made;
}

serve::HttpResponse PortalAnswers::catalog(const serve::HttpRequest& request) const {
  const std::string wanted = lower(parameter(request, "q")), domain = parameter(request, "domain"),
                    label = parameter(request, "label");
  Json products = Json::array();
  for (const Json& product : facts_.products) {
    if (!wanted.empty() && lower(product.dump()).find(wanted) == std::string::npos) continue;
    if (!domain.empty() && text_of(product, "domain") != domain) continue;
    const auto labels = product["labels"].get<std::vector<std::string>>();
    if (!label.empty() && std::ranges::find(labels, label) == labels.end()) continue;
    Json made = entry(product);
    Json names = Json::array();
    for (const Json& field : product["fields"]) names.push_back(field["name"]);
    made["fields"] = std::move(names);
    products.push_back(std::move(made));
  }
  return json({{"products", std::move(products)}});
}

serve::HttpResponse PortalAnswers::product(const std::string& name) const {
  const Json* found = nullptr;
  Json versions = Json::array();
  const std::string qualified = name.substr(0, name.find('@'));
  for (const Json& product : facts_.products) {
    if (text_of(product, "product") != qualified) continue;
    versions.push_back({{"version", product["version"]},
                        {"minor", nullptr},
                        {"state", product["state"]},
                        {"published", nullptr},
                        {"ends", product["ends"]}});
    const bool is_it =
        name == qualified ? found == nullptr || version_of(*found) < version_of(product) : name == name_of(product);
    if (is_it) found = &product;
  }
  if (found == nullptr)
    return serve::http_problem(404, "no such product", fmt::format("`{}` is no product of this job", name));
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  Json made = entry(*found);
  Json promises = Json::array();
  if (status)
    for (const JobStatus::Promise& promise : status->promises) {
      if (promise.of_source || promise.relation != qualified || promise.version != version_of(*found)) continue;
      promises.push_back({{"promise", promise.text},
                          {"state", word_of(promise.status.state)},
                          {"since", instant(promise.status.since)},
                          {"measured", measured_text(promise.rule, promise.status)},
                          {"budget", promise.status.budget_left},
                          {"history", Json::array()}});
    }
  made["indexes"] = Json::array();
  made["epoch"] = status ? Json(status->epoch) : Json(nullptr);
  made["watermark"] = status ? instant(status->report.watermark) : Json(nullptr);
  made["promises"] = std::move(promises);
  made["versions"] = std::move(versions);
  made["readers"] = Json::array();
  made["you"] = {{"may_read", made["served"]}, {"may_decide", false}};
  return json(made);
}

PortalAnswers::Json PortalAnswers::job() const {
  JobDescription job = job_;
  job.phase = phase_name(monitor_.phase());
  const JobMonitor::Verdict ready = monitor_.readiness();
  job.ready = ready.good;
  job.reason = ready.reason;
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  Json made = Json::parse(status_json(job, status.get()));
  const std::lock_guard lock(committed_);
  made["commits"] = commits_;
  return made;
}

serve::HttpResponse PortalAnswers::rejected(const serve::HttpRequest& request) const {
  const std::string product = parameter(request, "product"), port = parameter(request, "port"),
                    reason = parameter(request, "reason");
  const std::shared_ptr<const JobStatus> status = monitor_.status();
  Json rows = Json::array();
  std::map<std::tuple<std::string, std::string, std::string>, int64_t> counts;
  for (const JobStatus::Output& output : status ? status->outputs : std::vector<JobStatus::Output>()) {
    const std::string name = fmt::format("{}@{}", output.product, output.version);
    if (output.port.empty() || (!product.empty() && product != name && product != output.product)) continue;
    if (!port.empty() && port != output.port) continue;
    // Of a job over topics it is none.
    const Result<std::unique_ptr<FileReader>> file = fs_.open_reader(output.path);
    if (!file.ok()) continue;
    const uint64_t begin = output.bytes > kReadAtMost ? output.bytes - kReadAtMost : 0;
    std::string text(output.bytes - begin, '\0');
    const Result<size_t> size = (*file)->read_at(begin, text.data(), text.size());
    if (!size.ok()) continue;
    text.resize(*size);
    size_t at = begin == 0 ? 0 : std::min(text.find('\n'), text.size() - 1) + 1;
    for (size_t end = 0; at < text.size(); at = end + 1) {
      end = std::min(text.find('\n', at), text.size());
      const Json record = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(at),
                                      text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
      if (!record.is_object()) continue;
      const std::string why = record.value("reason", output.port);
      ++counts[{name, output.port, why}];
      if (!reason.empty() && reason != why) continue;
      Json script = nullptr;
      if (const std::string span = record.value("span", ""); !span.empty()) {
        const size_t file_end = std::min(span.find(':'), span.size());
        script = {{"file", span.substr(0, file_end)},
                  {"line", std::atoi(span.c_str() + std::min(file_end + 1, span.size()))}};
      }
      const bool has_bytes = record.contains("bytes") && record["bytes"].is_string();
      rows.push_back({{"product", name},
                      {"port", output.port},
                      {"at", record.value("at", Json(nullptr))},
                      {"code", record.value("code", Json(nullptr))},
                      {"reason", why},
                      {"origin", record.value("origin", Json(nullptr))},
                      {"script", std::move(script)},
                      {"bytes", has_bytes ? record["bytes"] : Json(nullptr)},
                      {"row", has_bytes ? Json(nullptr) : record}});
      // The newest of each file.
      if (rows.size() > 2 * kMostRecords) rows.erase(rows.begin(), rows.begin() + kMostRecords);
    }
  }
  if (rows.size() > kMostRecords) rows.erase(rows.begin(), rows.end() - kMostRecords);
  std::reverse(rows.begin(), rows.end());
  Json counted = Json::array();
  for (const auto& [key, count] : counts)
    counted.push_back(
        {{"product", std::get<0>(key)}, {"port", std::get<1>(key)}, {"reason", std::get<2>(key)}, {"count", count}});
  return json({{"rows", std::move(rows)}, {"next", nullptr}, {"counts", std::move(counted)}});
}

}  // namespace braid::cli
