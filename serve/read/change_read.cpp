#include "serve/read/change_read.h"

namespace braid::serve {
namespace {

/// Stored changes, or rows, that one call looks at.
constexpr uint64_t kMostAtOnce = 10'000;

/// Stored rows as the reader of a plan sees them.
class Part {
 public:
  Part(const ChangePlan& plan, const RowLayout& layout)
      : plan_(plan),
        layout_(layout),
        eye_(plan.sight.rows ? plan.sight.rows->begin() : nullptr),
        slots_(layout.leaves()) {}

  /// The leaves of a row that is in the part, until the next call. Null: it is not.
  const Slot* see(std::string_view row, int64_t time) {
    if (!layout_.well_formed(row)) {
      is_damaged_ = true;
      return nullptr;
    }
    arena_.reset();
    layout_.decode(row, slots_.data(), arena_);
    const Slot* const shown = eye_ ? eye_->see(slots_.data(), time) : slots_.data();
    return shown != nullptr && holds(plan_.where, shown, bytes_) ? shown : nullptr;
  }
  Status status() const {
    if (is_damaged_) return Error{ErrorKind::store, "a row of a view is damaged", 8002, 0};
    return {};
  }

 private:
  const ChangePlan& plan_;
  const RowLayout& layout_;
  std::unique_ptr<SeenRows::Eye> eye_;
  Arena arena_;
  std::vector<Slot> slots_;
  std::string bytes_;
  bool is_damaged_ = false;
};

class Teller : public ChangeTaker {
 public:
  Teller(const ChangePlan& plan, const RowLayout& layout, Follower& follower)
      : before_(plan, layout), now_(plan, layout), follower_(follower) {}
  bool change(const LoggedChange& change) override {
    const ChangePlace behind{change.place.epoch, change.place.number + 1};
    const Slot* const now = change.now ? now_.see(*change.now, change.time) : nullptr;
    const Slot* const before = now == nullptr && change.before ? before_.see(*change.before, change.time) : nullptr;
    if (!status().ok()) return false;
    if (now == nullptr && before == nullptr) return true;
    ++told_;
    return now != nullptr ? follower_.put(behind, now) : follower_.gone(behind, before);
  }
  bool epoch_ends(uint64_t epoch, int64_t watermark) override { return follower_.epoch_ends(epoch, watermark); }
  Status status() const { return before_.status().ok() ? now_.status() : before_.status(); }
  uint64_t told() const { return told_; }

 private:
  Part before_, now_;
  Follower& follower_;
  uint64_t told_ = 0;
};

void count_read(const ChangePlan& plan, size_t fields, uint64_t rows) {
  if (plan.sight.count == nullptr || rows == 0) return;
  std::set<int> columns(plan.columns.begin(), plan.columns.end());
  if (columns.empty())
    for (size_t i = 0; i < fields; ++i) columns.insert(static_cast<int>(i));
  for (const Condition& each : plan.where) columns.insert(each.path.front());
  plan.sight.count->count(columns, rows);
}

}  // namespace

Result<ChangePlace> read_changes(const ChangePlan& plan, const std::shared_ptr<const ViewsState>& state, size_t view,
                                 const ChangePlace& from, Follower& follower) {
  const ViewLayout& layout = *state->views->at(view).layout;
  Teller teller(plan, layout.rows(), follower);
  const Result<ChangePlace> next = ChangeLogReader(state, view).read(from, kMostAtOnce, teller);
  BRAID_TRY(teller.status());
  count_read(plan, layout.row().size(), teller.told());
  return next;
}

Result<std::optional<std::string>> read_snapshot(const ChangePlan& plan, const std::shared_ptr<const ViewsState>& state,
                                                 size_t view, const std::string& position, Follower& follower) {
  const ViewReader reader(state, view);
  const ViewLayout& layout = reader.layout();
  const SeenRows* const seen = plan.sight.rows.get();
  const auto sealed = [&](const std::string& bytes) { return seen == nullptr ? bytes : seen->seal(bytes); };
  ViewRange range{.by = layout.is_keyed() ? ViewRange::By::key : ViewRange::By::time, .behind = position};
  range.most = kMostAtOnce;
  const Error of_another{ErrorKind::input, "the place is of another reader", 0, 0};
  if (seen == nullptr && position.starts_with(kSealed)) return of_another;
  if (seen != nullptr && !position.empty()) {
    std::optional<std::string> behind = seen->unseal(position);
    if (!behind) return of_another;
    range.behind = *std::move(behind);
  }
  BRAID_ASSIGN(const std::unique_ptr<ViewScan> scan, reader.scan(range, {}));
  Part part(plan, layout.rows());
  uint64_t rows = 0;
  std::optional<std::string> next;
  for (; scan->valid(); scan->next()) {
    const Slot* const shown = part.see(scan->row().row, scan->row().stamp.time);
    BRAID_TRY(part.status());
    if (shown == nullptr) continue;
    ++rows;
    const std::string behind = sealed(scan->position());
    if (follower.row(behind, shown)) continue;
    next = behind;
    break;
  }
  BRAID_TRY(scan->status());
  if (!next && scan->pauses()) next = sealed(scan->position());
  count_read(plan, layout.row().size(), rows);
  return next;
}

}  // namespace braid::serve
