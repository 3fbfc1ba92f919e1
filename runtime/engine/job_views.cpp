#include "runtime/engine/job_views.h"

#include <set>

#include "runtime/report/view_findings.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr std::string_view kRecords = "views/";
/// Of views of all rows as they are that a run has gone without: their outputs miss what that run has put out.
constexpr std::string_view kGaps = "view gaps/";
constexpr std::string_view kWhole = " whole";
constexpr uint16_t kFormat = 1;
/// Rows that are put into a new view at once.
constexpr uint64_t kFillBytes = 4 << 20;

/// What the rows of the view and their places depend on.
std::string form_of(const ProductSpec& product, const ViewSpec& spec) {
  std::string form = to_string(struct_type(product.row)) + (product.changes ? " changes" : " events");
  const auto add = [&](const char* name, const std::vector<std::vector<int>>& paths) {
    for (const std::vector<int>& path : paths) form += fmt::format(" {} {}", name, fmt::join(path, "."));
  };
  add("key", product.key);
  add("index", spec.indexes);
  if (product.changes && spec.keep_us) form += " history";
  if (spec.whole) form += kWhole;
  return form;
}

std::string record_key(const ProductSpec& product) {
  return fmt::format("{}{}/{}", kRecords, product.qualified(), product.version);
}

void erase_view(uint32_t number, StateBatch& batch) {
  batch.erase_range(StateFamily::point, ViewLayout::first_of_view(number), ViewLayout::first_of_view(number + 1));
}

}  // namespace

std::string JobViews::Record::bytes() const {
  WireWriter out;
  out.fixed(kFormat);
  out.fixed(number);
  out.fixed(begins);
  out.fixed(figures.rows);
  out.fixed(figures.next_number);
  out.text(form);
  return out.take();
}

Result<JobViews::Record> JobViews::Record::parse(std::string_view bytes) {
  WireReader in(bytes);
  Record record;
  const auto format = in.fixed<uint16_t>();
  record.number = in.fixed<uint32_t>();
  record.begins = in.fixed<int64_t>();
  record.figures.rows = in.fixed<uint64_t>();
  record.figures.next_number = in.fixed<uint64_t>();
  record.form = in.text();
  if (in.failed() || format != kFormat)
    return Error{ErrorKind::store, "what the store says of a view cannot be read", 8002, 0};
  return record;
}

JobViews::JobViews(const Program& program, const std::vector<ViewSpec>& specs, OutputWriter& outputs, ViewHost* host)
    : program_(program), outputs_(outputs), host_(host), specs_(specs) {}

Result<std::map<std::string, JobViews::Record>> JobViews::read_records(StateStore& store) {
  std::map<std::string, Record> records;
  BRAID_TRY(store.scan(StateFamily::meta, kRecords, [&](std::string_view key, std::string_view value) -> Status {
    BRAID_ASSIGN(Record record, Record::parse(value));
    records.emplace(key, std::move(record));
    return {};
  }));
  return records;
}

Result<std::vector<size_t>> JobViews::show(const Program& program, const std::vector<ViewSpec>& specs,
                                           const std::string& directory, StateStore& store, ViewHost& host) {
  BRAID_ASSIGN(const auto stored, read_records(store));
  std::vector<ServedView> served;
  std::vector<size_t> places;
  for (size_t place = 0; place < specs.size(); ++place) {
    const ProductSpec& product = program.products[static_cast<size_t>(specs[place].product)];
    const auto known = stored.find(record_key(product));
    if (known == stored.end() || known->second.form != form_of(product, specs[place])) continue;
    served.push_back(
        {std::make_shared<const ViewLayout>(product, specs[place], known->second.number), known->second.begins});
    places.push_back(place);
  }
  if (served.empty()) {
    const Diagnostic finding = diag::NothingToServe{.store = directory}.make();
    return Error{ErrorKind::store, finding.message, finding.code, 0};
  }
  std::string bytes;
  BRAID_TRY(store.get(StateFamily::meta, kViewsKey, &bytes));
  BRAID_ASSIGN(const ViewsAt at, ViewsAt::parse(bytes));
  host.open(store, std::move(served), at);
  return places;
}

Status JobViews::check_whole(StateStore& store, uint64_t epoch, const std::function<bool(int product)>& knows) const {
  if (epoch == 0) return {};
  for (const ViewSpec& spec : specs_) {
    if (!spec.whole) continue;
    const ProductSpec& product = program_.products[static_cast<size_t>(spec.product)];
    std::string gap;
    const std::string key = std::string(kGaps) + record_key(product);
    BRAID_ASSIGN(const bool has_gap, store.get(StateFamily::meta, key, &gap));
    if (!has_gap && knows(spec.product)) continue;
    const Diagnostic finding = diag::ViewNotWhole{.view = product.qualified()}.make();
    return Error{ErrorKind::output, finding.message, finding.code, 0};
  }
  return {};
}

Status JobViews::open(StateStore& store, const ViewsAt& at, const History& history) {
  BRAID_ASSIGN(auto stored, read_records(store));
  if (specs_.empty() && stored.empty()) return {};

  std::set<uint32_t> numbers;
  for (const auto& [key, record] : stored) numbers.insert(record.number);
  StateBatch batch;
  std::vector<View*> fresh;
  for (const ViewSpec& spec : specs_) {
    const ProductSpec& product = program_.products[static_cast<size_t>(spec.product)];
    View& view = views_[spec.product];
    view.key = record_key(product);
    view.form = form_of(product, spec);
    ViewFigures figures;
    const auto known = stored.find(view.key);
    if (known != stored.end() && known->second.form == view.form) {
      view.number = known->second.number;
      view.begins = known->second.begins;
      figures = known->second.figures;
      stored.erase(known);
    } else {
      while (!numbers.insert(view.number).second) ++view.number;
      // Of rows from an output nobody knows for how long they stood, but that they do now; of events, when they were.
      const bool knows_times = at.epoch == 0 || (!product.changes && !spec.time.empty());
      view.begins = knows_times ? INT64_MIN : at.newest;
      fresh.push_back(&view);
    }
    view.figures = figures;
    view.writer = std::make_unique<ViewWriter>(ViewLayout(product, spec, view.number), figures);
  }
  // That of a view which is new here has its product's output all the same.
  const auto fills_again = [&](const std::string& key) {
    return std::ranges::any_of(views_, [&](const auto& each) { return each.second.key == key; });
  };
  for (const auto& [key, record] : stored) {
    if (record.form.ends_with(kWhole) && at.epoch > 0 && !fills_again(key))
      batch.put(StateFamily::meta, std::string(kGaps) + key, "1");
    batch.erase(StateFamily::meta, key);
    erase_view(record.number, batch);
  }
  for (const View* view : fresh)
    batch.put(
        StateFamily::meta, view->key,
        Record{view->number, view->begins, {}, view->writer->layout().spec().whole ? std::string(kWhole) : ""}.bytes());
  if (!fresh.empty()) batch.put(StateFamily::meta, kViewsKey, at.bytes());
  if (!batch.empty()) BRAID_TRY(store.commit(batch));
  for (View* view : fresh) BRAID_TRY(fill(*view, at.epoch, store, history));
  if (host_ == nullptr) return {};
  std::vector<ServedView> served;
  for (const auto& [product, view] : views_)
    served.push_back({std::make_shared<const ViewLayout>(view.writer->layout()), view.begins});
  host_->open(store, std::move(served), at);
  return {};
}

Status JobViews::fill(View& view, uint64_t epoch, StateStore& store, const History& history) {
  const auto commit = [&](bool last) -> Status {
    StateBatch batch;
    BRAID_ASSIGN(const uint64_t gone, view.writer->put(view.writer->take(), epoch, INT64_MIN, store, batch));
    view.writer->forget_events(gone);
    if (last) {
      BRAID_TRY(view.writer->forget_epochs(epoch, store, batch));
      batch.put(StateFamily::meta, view.key, Record{view.number, view.begins, view.figures, view.form}.bytes());
    }
    return store.commit(batch);
  };
  if (epoch > 0) {
    BRAID_TRY(history(view.writer->layout().spec(), [&](const Block& rows) -> Status {
      view.writer->write(rows);
      return view.writer->waiting_bytes() < kFillBytes ? Status() : commit(false);
    }));
    BRAID_TRY(commit(false));
    if (view.writer->layout().is_keyed()) BRAID_TRY(view.writer->count_rows(store));
  }
  view.figures = view.writer->figures();
  return commit(true);
}

void JobViews::write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) {
  outputs_.write(product, port, row, block);
  if (!port.empty()) return;
  if (const auto view = views_.find(product); view != views_.end()) view->second.writer->write(block);
}

uint64_t JobViews::waiting_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [product, view] : views_) bytes += view.writer->waiting_bytes();
  return bytes;
}

void JobViews::freeze(const ViewsAt& at) {
  at_ = at;
  for (auto& [product, view] : views_) {
    view.frozen = view.writer->take();
    view.figures = view.writer->figures();
  }
}

Status JobViews::put(StateStore& store, StateBatch& batch) {
  if (views_.empty()) return {};
  for (auto& [product, view] : views_) {
    BRAID_ASSIGN(view.gone, view.writer->put(view.frozen, at_.epoch, at_.watermark, store, batch));
    view.frozen = {};
    view.figures.rows -= view.gone;
    // What has gone does not come back with a longer `keep`.
    const int64_t begins = std::max(view.begins, view.writer->layout().horizon(at_.watermark));
    batch.put(StateFamily::meta, view.key, Record{view.number, begins, view.figures, view.form}.bytes());
  }
  batch.put(StateFamily::meta, kViewsKey, at_.bytes());
  return {};
}

void JobViews::committed() {
  for (auto& [product, view] : views_) view.writer->forget_events(std::exchange(view.gone, 0));
  if (host_ != nullptr && !views_.empty()) host_->committed(at_);
}

}  // namespace braid
