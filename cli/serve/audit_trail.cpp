#include "cli/serve/audit_trail.h"

#include <fmt/format.h>

#include "mesh/contract/interface.h"
#include "mesh/registry/publication.h"
#include "mesh/registry/signed_json.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

std::string key_of(const ProductUse& use) {
  return mesh::version_name(use.reader, use.version) + " reads " + mesh::version_name(use.input, use.input_version);
}

std::string used_path(const std::string& store) {
  return join_path(store, "used.json");
}

/// What cannot be read is as if nothing were on record: rows are rather recorded twice than not.
std::map<std::string, int64_t> read_used(Fs& fs, const std::string& path) {
  const Result<std::string> text = fs.read_file(path);
  if (!text.ok()) return {};
  const mesh::SortedJson json = mesh::SortedJson::parse(*text, nullptr, false);
  std::map<std::string, int64_t> made;
  if (!json.is_object()) return made;
  for (const auto& [use, rows] : json.items())
    if (rows.is_number_integer()) made[use] = rows.get<int64_t>();
  return made;
}

}  // namespace

TrailWriter::TrailWriter(std::unique_ptr<mesh::ObjectStore> registry, mesh::DomainKey key, std::string tenant,
                         std::string path, std::map<std::string, int64_t> recorded, Fs& fs, Clock& clock)
    : registry_(std::move(registry)),
      key_(std::move(key)),
      tenant_(std::move(tenant)),
      path_(std::move(path)),
      recorded_(std::move(recorded)),
      fs_(fs),
      clock_(clock) {}

void TrailWriter::add(TrailEvent event) {
  waiting_.push_back(std::move(event));
  if (waiting_.size() <= kMost) return;
  // Its rows are counted by the next event of the same use: that says all rows since what is on record.
  waiting_.pop_front();
}

Status TrailWriter::append(const TrailEvent& event) {
  TrailEvent made = event;
  if (!made.use.empty()) {
    const int64_t before = recorded_[made.use];
    // A store that starts over counts from 0 again.
    made.event.data["rows"] = std::to_string(made.total - (before <= made.total ? before : 0));
    made.event.data["total"] = std::to_string(made.total);
  }
  mesh::AuditLog log(*registry_, clock_, tenant_, made.domain);
  BRAID_TRY(log.append({made.event}, key_));
  if (made.use.empty()) return {};
  recorded_[made.use] = made.total;
  return fs_.write_file(path_, mesh::SortedJson(recorded_).dump() + "\n");
}

void TrailWriter::work(int64_t at_most_us) {
  const int64_t end = clock_.steady_us() + at_most_us;
  while (!waiting_.empty() && clock_.steady_us() >= try_at_) {
    const Status appended = append(waiting_.front());
    problem_ = appended.ok() ? "" : appended.error().message;
    if (!appended.ok()) {
      try_at_ = clock_.steady_us() + kPauseUs;
      return;
    }
    waiting_.pop_front();
    if (clock_.steady_us() >= end) return;
  }
}

AuditTrail::AuditTrail(TrailOptions options, std::unique_ptr<mesh::ObjectStore> registry, mesh::DomainKey key, Fs& fs,
                       Clock& clock)
    : options_(std::move(options)), registry_(std::move(registry)), key_(std::move(key)), fs_(fs), clock_(clock) {}

void AuditTrail::begin() {
  if (writer_) return;
  given_ = read_used(fs_, used_path(options_.store));
  from_us_ = clock_.now_us();
  looked_at_ = clock_.steady_us();
  writer_ = std::make_unique<Writer>(std::make_unique<TrailWriter>(std::move(registry_), *key_, options_.tenant,
                                                                   used_path(options_.store), given_, fs_, clock_));
}

void AuditTrail::look(const JobStatus& status) {
  begin();
  for (const ProductUse& use : options_.uses)
    for (const JobReport::Product& product : status.report.products) {
      if (product.name != use.reader || product.version != use.version) continue;
      for (const JobReport::Input& input : product.inputs)
        if (input.name == use.input) rows_[key_of(use)] = input.ledger.in;
    }
  if (options_.every_us > 0 && clock_.steady_us() - looked_at_ >= options_.every_us) record_uses();
}

void AuditTrail::record_uses() {
  const int64_t now = clock_.now_us();
  for (const ProductUse& use : options_.uses) {
    const std::string key = key_of(use);
    const auto rows = rows_.find(key);
    if (rows == rows_.end() || rows->second == 0 || rows->second == given_[key]) continue;
    mesh::AuditEvent event{.type = mesh::AuditType::access_used, .time_us = now, .subject = use.subject, .data = {}};
    event.data = {{"reader", use.domain},
                  {"by", mesh::version_name(use.reader, use.version)},
                  {"columns", fmt::format("{}", fmt::join(use.columns, ", "))},
                  {"grant", use.grant},
                  {"environment", options_.environment},
                  {"from", timestamp_text(from_us_)},
                  {"until", timestamp_text(now)}};
    if (!use.purpose.empty()) event.data["purpose"] = use.purpose;
    if (writer_->give({.domain = use.domain, .event = std::move(event), .use = key, .total = rows->second},
                      TrailWriter::kMost))
      given_[key] = rows->second;
  }
  from_us_ = now;
  looked_at_ = clock_.steady_us();
}

void AuditTrail::note(const JobStatus::Promise& promise, bool breached) {
  begin();
  const size_t dot = promise.relation.rfind('.');
  const std::string domain = promise.relation.substr(0, dot);
  if (!options_.domains.contains(domain)) return;
  mesh::AuditEvent event{
      .type = breached ? mesh::AuditType::contract_breached : mesh::AuditType::contract_recovered,
      .time_us = promise.status.since,
      .subject = mesh::urn_of(options_.tenant, domain, promise.relation.substr(dot + 1), promise.version),
      .data = {{"promise", promise.text}, {"environment", options_.environment}}};
  if (const std::string measured = measured_text(promise.rule, promise.status); !measured.empty())
    event.data["measured"] = measured;
  (void)writer_->give({.domain = domain, .event = std::move(event)}, TrailWriter::kMost);
}

void AuditTrail::end() {
  if (writer_ && options_.every_us > 0) record_uses();
}

}  // namespace braid::cli
