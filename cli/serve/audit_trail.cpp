#include "cli/serve/audit_trail.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "mesh/contract/interface.h"
#include "mesh/registry/publication.h"
#include "mesh/registry/signed_json.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

/// Readers and purposes that are told apart between two records; the rest is recorded together.
constexpr size_t kMostServed = 10'000;
constexpr const char* kOthers = "others";

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

/// "0=40, 2=17": rows by task.
std::string tasks_text(const std::map<int32_t, int64_t>& tasks) {
  std::string made;
  for (const auto& [task, rows] : tasks) made += fmt::format("{}{}={}", made.empty() ? "" : ", ", task, rows);
  return made;
}

std::map<int32_t, int64_t> read_tasks(std::string_view text) {
  std::map<int32_t, int64_t> made;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int32_t task = 0;
    int64_t rows = 0;
    const auto [equals, wrong] = std::from_chars(at, end, task);
    if (wrong != std::errc() || equals == end || *equals != '=') break;
    const auto [behind, broken] = std::from_chars(equals + 1, end, rows);
    if (broken != std::errc()) break;
    made[task] = rows;
    at = behind + std::min<ptrdiff_t>(2, end - behind);
  }
  return made;
}

/// Of an event, as its data says it.
std::string use_on_record(const mesh::AuditEvent& event) {
  const auto of = [&](const char* name) {
    const auto found = event.data.find(name);
    return found == event.data.end() ? std::string() : found->second;
  };
  return of("by") + "\n" + event.subject + "\n" + of("environment");
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

Status TrailWriter::read_on(const std::string& domain, mesh::AuditLog& log) {
  int64_t newest = 0;
  const int64_t known = read_to_[domain];
  std::map<std::string, std::map<int32_t, int64_t>> found;  // of several the newest, which comes first
  BRAID_TRY(log.read_back([&](const mesh::ChainedEvent& each) {
    newest = std::max(newest, each.sequence);
    if (each.sequence <= known) return false;
    if (each.event.type != mesh::AuditType::access_used || !each.event.data.contains("tasks")) return true;
    for (const auto& [task, rows] : read_tasks(each.event.data.at("tasks")))
      found[use_on_record(each.event)].try_emplace(task, rows);
    return true;
  }));
  for (const auto& [use, tasks] : found)
    for (const auto& [task, rows] : tasks) task_rows_[use][task] = rows;
  read_to_[domain] = std::max(newest, known);
  return {};
}

Status TrailWriter::append_tasks(TrailEvent made) {
  mesh::AuditLog log(*registry_, clock_, tenant_, made.domain);
  made.event.data["tasks"] = tasks_text(made.tasks);
  // Looked at anew where another instance is first: it may have had one of the tasks.
  const auto rest = [&](const mesh::AuditHead*) -> Result<mesh::AuditAddition> {
    BRAID_TRY(read_on(made.domain, log));
    std::map<int32_t, int64_t>& on_record = task_rows_[use_on_record(made.event)];
    int64_t rows = 0, total = 0;
    for (const auto& [task, now] : made.tasks) {
      const int64_t before = on_record[task];
      // A job that starts over counts from 0 again.
      rows += now - (before <= now ? before : 0);
      total += now;
    }
    if (rows == 0) return mesh::AuditAddition{};
    made.event.data["rows"] = std::to_string(rows);
    made.event.data["total"] = std::to_string(total);
    return mesh::AuditAddition{.events = {made.event}};
  };
  return log.append_behind(rest, key_);
}

Status TrailWriter::append(const TrailEvent& event) {
  if (!event.tasks.empty()) return append_tasks(event);
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
  if (!status.tasks.empty() || !tasks_.empty()) {
    look_at_tasks(status);
  } else {
    for (const ProductUse& use : options_.uses)
      for (const JobReport::Product& product : status.report.products) {
        if (product.name != use.reader || product.version != use.version) continue;
        for (const JobReport::Input& input : product.inputs)
          if (input.name == use.input) rows_[key_of(use)] = input.ledger.in;
      }
  }
  if (options_.every_us > 0 && clock_.steady_us() - looked_at_ >= options_.every_us) record_uses();
}

/// Of a task that has left, whoever has it now records the rest.
void AuditTrail::look_at_tasks(const JobStatus& status) {
  rows_.clear();
  for (const ProductUse& use : options_.uses) {
    std::map<int32_t, int64_t>& tasks = tasks_[key_of(use)];
    tasks.clear();
    for (const JobStatus::Task& task : status.tasks)
      for (const JobReport::Product& product : task.products) {
        if (product.name != use.reader || product.version != use.version) continue;
        for (const JobReport::Input& input : product.inputs)
          if (input.name == use.input && input.ledger.in > 0) tasks[task.number] = input.ledger.in;
      }
  }
}

mesh::AuditEvent AuditTrail::event_of(const ProductUse& use, int64_t now) const {
  mesh::AuditEvent event{.type = mesh::AuditType::access_used, .time_us = now, .subject = use.subject, .data = {}};
  event.data = {{"reader", use.domain},
                {"by", mesh::version_name(use.reader, use.version)},
                {"columns", fmt::format("{}", fmt::join(use.columns, ", "))},
                {"grant", use.grant},
                {"environment", options_.environment},
                {"from", timestamp_text(from_us_)},
                {"until", timestamp_text(now)}};
  if (!use.purpose.empty()) event.data["purpose"] = use.purpose;
  return event;
}

void AuditTrail::record_tasks() {
  const int64_t now = clock_.now_us();
  for (const ProductUse& use : options_.uses) {
    const std::string key = key_of(use);
    const std::map<int32_t, int64_t>& tasks = tasks_[key];
    if (tasks.empty() || tasks == given_tasks_[key]) continue;
    if (writer_->give({.domain = use.domain, .event = event_of(use, now), .use = key, .tasks = tasks},
                      TrailWriter::kMost))
      given_tasks_[key] = tasks;
  }
}

void AuditTrail::note(const ServedUse& use) {
  begin();
  if (options_.every_us <= 0 || !options_.domains.contains(use.domain)) return;
  // A reader may state any number of purposes.
  const std::string key = use.subject + "\n" + use.reader + "\n" + use.purpose;
  if (served_.size() >= kMostServed && !served_.contains(key) && !(use.reader == kOthers && use.purpose.empty())) {
    ServedUse others = use;
    others.reader = kOthers;
    others.purpose.clear();
    return note(others);
  }
  ServedUse& sum = served_[key];
  const int64_t reads = sum.reads + use.reads, rows = sum.rows + use.rows;
  std::set<std::string> columns = std::move(sum.columns);
  columns.insert(use.columns.begin(), use.columns.end());
  sum = use;
  sum.columns = std::move(columns);
  sum.reads = reads;
  sum.rows = rows;
}

void AuditTrail::record_served(int64_t now) {
  std::erase_if(served_, [&](const auto& each) {
    const ServedUse& use = each.second;
    mesh::AuditEvent event{.type = mesh::AuditType::access_used,
                           .time_us = now,
                           .subject = use.subject,
                           .data = {{"reader", use.reader},
                                    {"by", "serve"},
                                    {"columns", fmt::format("{}", fmt::join(use.columns, ", "))},
                                    {"reads", std::to_string(use.reads)},
                                    {"rows", std::to_string(use.rows)},
                                    {"environment", options_.environment},
                                    {"from", timestamp_text(from_us_)},
                                    {"until", timestamp_text(now)}}};
    if (!use.purpose.empty()) event.data["purpose"] = use.purpose;
    return writer_->give({.domain = use.domain, .event = std::move(event)}, TrailWriter::kMost);
  });
}

void AuditTrail::record_uses() {
  if (!tasks_.empty()) record_tasks();
  const int64_t now = clock_.now_us();
  for (const ProductUse& use : options_.uses) {
    const std::string key = key_of(use);
    const auto rows = rows_.find(key);
    if (rows == rows_.end() || rows->second == 0 || rows->second == given_[key]) continue;
    if (writer_->give({.domain = use.domain, .event = event_of(use, now), .use = key, .total = rows->second},
                      TrailWriter::kMost))
      given_[key] = rows->second;
  }
  record_served(now);
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
