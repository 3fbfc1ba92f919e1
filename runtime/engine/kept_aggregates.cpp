#include "runtime/engine/kept_aggregates.h"

#include <algorithm>
#include <cstring>

#include "runtime/data/pair_place.h"
#include "runtime/data/type.h"
#include "runtime/operators/accumulator_rows.h"
#include "runtime/operators/accumulators.h"

namespace braid {
namespace {

bool has_plain_state(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count:
    case AggregateKind::sum:
    case AggregateKind::minimum:
    case AggregateKind::maximum:
    case AggregateKind::average:
    case AggregateKind::first:
    case AggregateKind::last:
    case AggregateKind::arg_min:
    case AggregateKind::arg_max:
    case AggregateKind::any:
    case AggregateKind::every:
    case AggregateKind::bit_and:
    case AggregateKind::bit_or:
    case AggregateKind::bit_xor:
      return true;
    default:
      return false;
  }
}

bool chooses_row(AggregateKind kind) {
  return kind == AggregateKind::first || kind == AggregateKind::last || kind == AggregateKind::arg_min ||
         kind == AggregateKind::arg_max;
}

/// Whether an aggregate of that form can be read over.
bool can_convert(const std::string& aggregate) {
  const std::optional<FormedAggregate> made = aggregate_of(aggregate);
  return made && has_plain_state(made->spec.kind) && !make_accumulator(made->spec, made->row)->has_parts();
}

}  // namespace

/// One accumulator and memory for a state of it.
class AggregateConverter::State {
 public:
  explicit State(std::unique_ptr<Accumulator> accumulator)
      : accumulator_(std::move(accumulator)), memory_((accumulator_->size() + sizeof(int128) - 1) / sizeof(int128)) {}

  bool load(WireReader& in, BlobPool& pool) {
    clear();
    return accumulator_->load(in, bytes(), pool);
  }
  void store(WireWriter& out) { accumulator_->store(bytes(), out); }
  void end(BlobPool& pool) {
    if (accumulator_->has_memory()) accumulator_->end(bytes(), pool);
  }
  void clear() { std::fill(memory_.begin(), memory_.end(), 0); }

 private:
  char* bytes() { return reinterpret_cast<char*>(memory_.data()); }

  std::unique_ptr<Accumulator> accumulator_;
  std::vector<int128> memory_;
};

size_t KeptAggregates::begins() const {
  return static_cast<size_t>(std::ranges::count(kept, -1));
}

size_t KeptAggregates::goes() const {
  return stored.size() - (kept.size() - begins());
}

bool can_convert(const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row) {
  return std::ranges::all_of(aggregates, [&](const AggregateSpec& each) {
    return has_plain_state(each.kind) && !make_accumulator(each, row)->has_parts();
  });
}

std::optional<KeptAggregates> kept_aggregates(const std::vector<std::string>& stored,
                                              const std::vector<uint64_t>& parts_stored,
                                              const std::vector<std::string>& now,
                                              const std::vector<uint64_t>& parts_now) {
  const bool told =
      parts_stored.size() == stored.size() && parts_now.size() == now.size() && !stored.empty() && !now.empty();
  if (!told || !std::ranges::all_of(stored, [](const std::string& each) { return can_convert(each); }))
    return std::nullopt;
  KeptAggregates made{.stored = stored, .kept = {}};
  std::vector<bool> taken(stored.size());
  for (size_t i = 0; i < now.size(); ++i) {
    made.kept.push_back(-1);
    for (size_t before = 0; before < stored.size() && made.kept.back() < 0; ++before) {
      if (taken[before] || parts_stored[before] != parts_now[i] ||
          compare_types(stored[before], now[i]) == FormFit::types)
        continue;
      taken[before] = true;
      made.kept.back() = static_cast<int>(before);
    }
  }
  return made.begins() == made.kept.size() ? std::nullopt : std::optional(std::move(made));
}

AggregateConverter::AggregateConverter(const KeptAggregates& kept, const Renumbering& numbers,
                                       const std::vector<AggregateSpec>& aggregates, const std::vector<Field>& row)
    : kept_(kept), numbers_(numbers) {
  for (const std::string& form : kept.stored) {
    const FormedAggregate made = *aggregate_of(form);
    before_.push_back(std::make_unique<State>(make_accumulator(made.spec, made.row)));
    chooses_.push_back(has_plain_state(made.spec.kind) && chooses_row(made.spec.kind));
  }
  for (const AggregateSpec& spec : aggregates) {
    State empty(make_accumulator(spec, row));
    WireWriter out;
    empty.store(out);
    empty_.push_back(out.take());
  }
}

AggregateConverter::~AggregateConverter() = default;

Result<std::string> AggregateConverter::convert(WireReader& in) {
  std::vector<std::string> states;
  for (const std::unique_ptr<State>& state : before_) {
    if (!state->load(in, pool_)) return damaged_row();
    WireWriter out;
    state->store(out);
    states.push_back(out.take());
    renumber(states.size() - 1, states.back());
    state->end(pool_);
  }
  pool_.release_pending();
  if (in.failed() || !in.at_end()) return damaged_row();
  std::string made;
  for (size_t i = 0; i < kept_.kept.size(); ++i)
    made += kept_.kept[i] < 0 ? empty_[i] : states[static_cast<size_t>(kept_.kept[i])];
  return made;
}

/// Those that choose a row say where it comes from: whether there is one | its time | source | partition | position |
/// and the right rows that it has met, if the first says so.
void AggregateConverter::renumber(size_t aggregate, std::string& state) const {
  constexpr size_t kSource = sizeof(uint8_t) + sizeof(int64_t);
  if (!chooses_[aggregate] || state.size() < kSource + sizeof(uint32_t)) return;
  uint32_t source = 0;
  std::memcpy(&source, state.data() + kSource, sizeof(source));
  source = numbers_.of(source);
  std::memcpy(state.data() + kSource, &source, sizeof(source));
  constexpr size_t kPair = kSource + 2 * sizeof(uint32_t) + sizeof(int64_t);
  if (static_cast<uint8_t>(state[0]) != kChosenPair || state.size() < kPair) return;
  const std::string_view places = WireReader(std::string_view(state).substr(kPair)).text();
  renumber_pair(state.data() + kPair + sizeof(uint32_t), places.size(),
                [this](uint32_t each) { return numbers_.of(each); });
}

}  // namespace braid
