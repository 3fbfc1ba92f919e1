#include "cli/serve/lineage_events.h"

#include <algorithm>

#include "mesh/lineage/run_book.h"
#include "mesh/registry/content_hash.h"

namespace braid::cli {
namespace {

mesh::RowsWritten difference(const mesh::RowsWritten& now, const mesh::RowsWritten& before) {
  mesh::RowsWritten made{.rows = std::max<int64_t>(0, now.rows - before.rows)};
  if (now.bytes) made.bytes = std::max<int64_t>(0, *now.bytes - before.bytes.value_or(0));
  return made;
}

MetricRegistry::Family& events_family(MetricRegistry& metrics) {
  return metrics.declare({"braid_lineage_events_total",
                          MetricKind::counter,
                          "Events of OpenLineage that were sent, and that were dropped.",
                          {"outcome"}});
}

}  // namespace

LineageEvents::LineageEvents(LineageOptions options, std::unique_ptr<EventSender> sender, MetricRegistry& metrics,
                             Fs& fs, Clock& clock)
    : LineageEvents(std::move(options), std::move(sender), events_family(metrics), fs, clock) {}

LineageEvents::LineageEvents(LineageOptions options, std::unique_ptr<EventSender> sender,
                             MetricRegistry::Family& family, Fs& fs, Clock& clock)
    : options_(std::move(options)),
      fs_(fs),
      clock_(clock),
      sent_(family.counter({"sent"})),
      dropped_(family.counter({"dropped"})),
      thread_(std::move(sender), [this](const EventSender& worked) {
        const EventSender::Counts counts = worked.counts();
        sent_.raise_to(static_cast<double>(counts.sent));
        dropped_.raise_to(static_cast<double>(counts.dropped + refused_));
      }) {
  for (mesh::DescribedFlow& job : options_.jobs) {
    mesh::RunEvents events(job.described, options_.engine);
    std::string deployment = mesh::content_hash(events.deployment());
    runs_.push_back({.job = std::move(job), .events = std::move(events), .deployment = std::move(deployment)});
  }
}

std::string LineageEvents::path() const {
  return join_path(options_.store, "lineage.json");
}

std::string LineageEvents::name_of(const mesh::DescribedFlow& job) {
  return fmt::format("{}.v{}", job.product, job.version);
}

void LineageEvents::give(std::string event) {
  if (!thread_.give(std::move(event), kMostGiven)) ++refused_;
}

void LineageEvents::tell(Run& run, const std::string& type, const std::string& error) {
  mesh::RunMoment moment{.type = type, .time_us = clock_.now_us(), .run = run.id, .written = {}, .error = error};
  if (type != "START" && run.now && run.before) {
    moment.written = difference(*run.now, *run.before);
    if (options_.streaming) run.before = run.now;
  }
  give(run.events.at(moment));
}

void LineageEvents::begin() {
  if (begun_) return;
  begun_ = true;
  told_at_ = clock_.steady_us();
  mesh::RunBook book;
  // What cannot be read is as if it were not there: lineage never stops a job.
  if (const Result<std::string> text = fs_.read_file(path()); text.ok())
    if (Result<mesh::RunBook> read = mesh::read_run_book(*text); read.ok()) book = *std::move(read);
  for (Run& run : runs_) {
    const auto open = book.find(name_of(run.job));
    if (open != book.end() && open->second.deployment == run.deployment && !options_.fresh) {
      run.id = open->second.id;
      if (!options_.streaming) run.before = open->second.before;
      book.erase(open);
      tell(run, "RUNNING");
      continue;
    }
    if (open != book.end()) {
      give(mesh::event_at(open->second.ended_by, clock_.now_us()));
      book.erase(open);
    }
    const Result<std::string> random = fs_.unique_id();
    if (!random.ok()) continue;  // there is no run without a name
    run.id = mesh::run_id(clock_.now_us(), *random);
    tell(run, "START");
  }
  // Products that the job no longer has.
  for (const auto& [name, open] : book) give(mesh::event_at(open.ended_by, clock_.now_us()));
  std::erase_if(runs_, [](const Run& run) { return run.id.empty(); });
  write_book();
}

void LineageEvents::write_book() {
  mesh::RunBook book;
  for (const Run& run : runs_)
    book[name_of(run.job)] = {.id = run.id,
                              .deployment = run.deployment,
                              .ended_by = run.events.at({.type = "ABORT", .time_us = clock_.now_us(), .run = run.id}),
                              .before = run.before};
  // Of a job over topics the store is there with its first task. If it cannot be written a restart begins other runs.
  (void)fs_.make_directories(options_.store);
  (void)fs_.write_file(path(), mesh::to_json(book));
}

void LineageEvents::count_tasks(const JobStatus& status, Run& run) {
  std::map<int32_t, int64_t> tasks;
  int64_t rows = run.now ? run.now->rows : 0;
  const bool first = !run.now;
  int64_t came_with = 0;
  for (const JobStatus::Task& task : status.tasks)
    for (size_t i = 0; i < task.products.size() && i < task.rows_before.size(); ++i) {
      const JobReport::Product& product = task.products[i];
      if (product.name != run.job.product || product.version != run.job.version) continue;
      const auto known = run.tasks.find(task.number);
      // Less than before: what was not committed is being done again.
      rows += product.rows - (known != run.tasks.end() ? known->second : task.rows_before[i]);
      came_with += task.rows_before[i];
      tasks[task.number] = product.rows;
    }
  if (first && tasks.empty()) return;
  run.tasks = std::move(tasks);
  run.now = mesh::RowsWritten{.rows = first ? came_with + rows : rows};
  if (!run.before) run.before = mesh::RowsWritten{.rows = came_with};
}

void LineageEvents::count(const JobStatus& status) {
  bool first = false;
  for (Run& run : runs_) {
    if (!status.tasks.empty() || !run.tasks.empty()) {
      const bool began = run.before.has_value();
      count_tasks(status, run);
      first |= !began && run.before;
      continue;
    }
    for (const JobReport::Product& product : status.report.products)
      if (product.name == run.job.product && product.version == run.job.version)
        run.now = mesh::RowsWritten{.rows = product.rows};
    for (const JobStatus::Output& output : status.outputs)
      if (output.product == run.job.product && output.version == run.job.version && output.port.empty())
        run.now = mesh::RowsWritten{.rows = output.rows, .bytes = static_cast<int64_t>(output.bytes)};
    if (run.before || !run.now) continue;
    run.before = run.now;
    first = true;
  }
  if (first && !options_.streaming) write_book();
}

void LineageEvents::look(const JobStatus& status) {
  begin();
  count(status);
  const int64_t now = clock_.steady_us();
  if (now - told_at_ < options_.every_us) return;
  told_at_ = now;
  for (Run& run : runs_) tell(run, "RUNNING");
}

void LineageEvents::end(const Result<JobReport>& report) {
  if (!begun_ && !report.ok()) return;
  begin();
  for (Run& run : runs_) {
    if (report.ok())
      tell(run, report->drained ? "ABORT" : "COMPLETE");
    else
      tell(run, "FAIL", report.error().message);
  }
  runs_.clear();
  (void)fs_.remove(path());
}

}  // namespace braid::cli
