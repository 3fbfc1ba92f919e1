#include "runtime/engine/group_conversion.h"

#include <algorithm>
#include <cstring>
#include <memory>

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

/// One accumulator and memory for a state of it.
class State {
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

class Converter {
 public:
  Converter(const GroupOperator& group, const std::vector<Field>& row, const GroupConversion& conversion)
      : conversion_(conversion), windowed_(group.windowed) {
    for (const std::string& form : conversion.stored) {
      const FormedAggregate made = *aggregate_of(form);
      before_.emplace_back(make_accumulator(made.spec, made.row));
      chooses_.push_back(has_plain_state(made.spec.kind) && chooses_row(made.spec.kind));
    }
    for (const AggregateSpec& spec : group.aggregates) {
      State empty(make_accumulator(spec, row));
      WireWriter out;
      empty.store(out);
      empty_.push_back(out.take());
    }
  }

  /// Where the states of groups lie.
  bool is_of_groups(StateFamily family, uint32_t table) const {
    return table == 0 && family == (windowed_ ? StateFamily::timed : StateFamily::point);
  }

  Result<std::string> convert(std::string_view value) {
    // A table's group has in front: the time of its newest row, how many it has, and whether its row stands.
    const size_t head = windowed_ ? 0 : sizeof(int64_t) + sizeof(int64_t) + sizeof(uint8_t);
    const Error damaged{ErrorKind::store, "the state of a group is damaged", 8002, 0};
    if (value.size() < head) return damaged;
    WireReader in(value.substr(head));
    std::vector<std::string> states;
    for (State& state : before_) {
      if (!state.load(in, pool_)) return damaged;
      WireWriter out;
      state.store(out);
      states.push_back(out.take());
      renumber(states.size() - 1, states.back());
      state.end(pool_);
    }
    pool_.release_pending();
    if (in.failed() || !in.at_end()) return damaged;
    std::string made(value.substr(0, head));
    for (size_t i = 0; i < conversion_.kept.size(); ++i)
      made += conversion_.kept[i] < 0 ? empty_[i] : states[static_cast<size_t>(conversion_.kept[i])];
    return made;
  }

 private:
  /// Those that choose a row say where it comes from: whether there is one | its time | its source.
  void renumber(size_t aggregate, std::string& state) const {
    constexpr size_t kSource = sizeof(uint8_t) + sizeof(int64_t);
    if (!chooses_[aggregate] || state.size() < kSource + sizeof(uint32_t)) return;
    uint32_t source = 0;
    std::memcpy(&source, state.data() + kSource, sizeof(source));
    source = conversion_.numbers.of(source);
    std::memcpy(state.data() + kSource, &source, sizeof(source));
  }

  const GroupConversion& conversion_;
  bool windowed_;
  std::vector<bool> chooses_;  ///< of the aggregates before
  BlobPool pool_;
  std::vector<State> before_;
  std::vector<std::string> empty_;
};

}  // namespace

size_t GroupConversion::begins() const {
  return static_cast<size_t>(std::ranges::count(kept, -1));
}

size_t GroupConversion::goes() const {
  return stored.size() - (kept.size() - begins());
}

bool can_convert(const Program& program, const Operator& op) {
  const auto* group = std::get_if<GroupOperator>(&op.content);
  const bool forgets = group != nullptr && (group->window_key >= 0 || group->retain_us != INT64_MAX);
  if (group == nullptr || group->retracted >= 0 || group->window.gap_us > 0 || forgets) return false;
  const std::vector<Field>& row = program.operators[static_cast<size_t>(op.inputs[0])].row;
  return std::ranges::all_of(group->aggregates, [&](const AggregateSpec& each) {
    return has_plain_state(each.kind) && !make_accumulator(each, row)->has_parts();
  });
}

bool can_convert(const std::string& aggregate) {
  const std::optional<FormedAggregate> made = aggregate_of(aggregate);
  return made && has_plain_state(made->spec.kind) && !make_accumulator(made->spec, made->row)->has_parts();
}

Status convert_group(const Program& program, const GroupConversion& conversion, uint32_t into, StateStore& store) {
  const Operator& op = program.operators[static_cast<size_t>(conversion.op)];
  Converter converter(std::get<GroupOperator>(op.content), program.operators[static_cast<size_t>(op.inputs[0])].row,
                      conversion);
  return copy_tables(
      conversion.from, into, store,
      [&](StateFamily family, uint32_t table, std::string_view key, std::string_view value) -> Result<StoredPair> {
        StoredPair made{std::string(key), std::string(value)};
        if (converter.is_of_groups(family, table)) {
          BRAID_ASSIGN(made.value, converter.convert(value));
        }
        return made;
      });
}

}  // namespace braid
