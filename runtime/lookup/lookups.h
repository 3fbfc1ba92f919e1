// Look-ups of one engine: asks services, and sees to it that a turn that is run again has the answers that it had.
//
// A service may answer differently each time, so an answer is input. Each is recorded as soon as it is there
// (`Recorder`) and before the turn goes on; a turn that is run again after a crash takes what was recorded under its
// number and asks for nothing of that again. A record goes when its turn is committed.
//
// In a turn each service is asked once for the same arguments, whatever the blocks. With a cache, answers of turns
// before it count, as they stood when the turn began, while they are younger than ServiceSpec::cache_us by the reading
// of the clock; that reading is recorded, too. So what is asked for follows from the turns, the readings and the
// answers.
//
// Bounded: ServiceSpec::parallel requests are on their way at once, each with its time and its number of attempts; the
// turn waits for them, and while it waits nothing is read. The Program outlives this. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/base/clock.h"
#include "runtime/lookup/answer_book.h"
#include "runtime/lookup/answer_reader.h"
#include "runtime/lookup/service.h"
#include "runtime/report/diagnostic.h"
#include "runtime/state/store.h"

namespace braid {

/// A row that asks.
struct Question {
  std::string key;  ///< the canonical bytes of the arguments
  ServiceRequest request;
};

class Lookups {
 public:
  Lookups(const Program& program, MakeService make, Clock& clock);
  ~Lookups();

  // ---- whoever runs the engine

  /// Of the wall clock, for turns to come: answers are as old as it says.
  void set_reading(int64_t reading) { reading_ = reading; }
  /// Makes what was answered in a turn durable; each call is about another part of it. What it fails with ends the
  /// turn.
  using Recorder = std::function<Status(uint64_t turn, uint32_t part, std::string_view answers)>;
  void record_by(Recorder recorder) { recorder_ = std::move(recorder); }
  /// Asked while a turn waits: once it has said yes for kPatience, the turn is given up, with error 7125. What was
  /// recorded of it stays for the next run.
  void stop_by(std::function<bool()> stop_requested) { stop_requested_ = std::move(stop_requested); }
  static constexpr int64_t kPatience = 10'000'000;
  /// Called before each attempt; what it fails with gives the turn up.
  void wait_by(std::function<Status()> while_waiting) { while_waiting_ = std::move(while_waiting); }
  /// The turns that come are run again: they have the answers that are recalled, and nobody is asked. A question
  /// without one fails with 8020.
  void begin_replay() { replays_ = true; }
  void end_replay() {
    replays_ = false;
    recalled_.clear();
  }
  /// What an earlier run had recorded of a turn that was not committed.
  Status recall(uint64_t turn, std::string_view answers);
  /// The reading of the last of these; none: there is none.
  std::optional<int64_t> recalled_reading() const;
  /// Whether any service has a cache, so that the reading matters.
  bool has_cache() const;

  // ---- the engine

  /// All up to that turn is committed with this batch.
  void freeze(StateBatch& batch, uint64_t turn);
  /// Before the first turn: what was committed.
  Status restore(StateStore& store);
  uint64_t rows() const;
  uint64_t bytes() const;

  // ---- look-up steps

  /// The answers in the order of the questions; they live until the turn is over. Fails if the service cannot be used
  /// at all (7135), or an answer cannot be made durable.
  Result<std::vector<const Answer*>> ask(uint64_t turn, int service, std::span<const Question> questions);
  const RowLayout& layout(int service) const;

  /// For people, about services that did not answer, once for each; since the last call.
  std::vector<Diagnostic> take_warnings() { return std::exchange(warnings_, {}); }
  /// How many requests were made, and how many questions the cache answered.
  uint64_t requests() const { return requests_; }
  uint64_t hits() const { return hits_; }

 private:
  struct Asked;
  /// What was recorded of a turn, by an earlier run.
  struct Recalled {
    int64_t reading = 0;
    uint32_t parts = 0;
    std::map<std::pair<uint64_t, std::string>, Answer> answers;  ///< by service and arguments
  };
  void begin_turn(uint64_t turn);
  /// The turn is over: its answers go into the caches.
  void end_turn();
  int64_t reading_of(uint64_t turn) const;
  /// What was recorded for that turn. Where inputs come live the turns of another run may begin and end elsewhere: then
  /// what a turn behind it was answered, or one before it and nobody has taken. Each answer is taken once.
  std::optional<Answer> take_recalled(uint64_t turn, uint64_t service, const std::string& key);
  Status ask_again(Asked& of, std::span<const Question* const> questions);
  Status go_on(const Asked& of);
  Status record(const Asked& of, std::span<const Question* const> questions);

  const Program& program_;
  MakeService make_;
  Clock& clock_;
  Recorder recorder_;
  std::function<bool()> stop_requested_;
  std::function<Status()> while_waiting_;
  bool replays_ = false;
  std::optional<int64_t> stop_since_;  ///< steady clock
  std::vector<std::unique_ptr<Asked>> services_;
  int64_t reading_ = 0;
  uint64_t turn_ = 0;
  uint32_t parts_ = 0;  ///< recorded of this turn
  std::map<uint64_t, Recalled> recalled_;
  std::vector<std::string> foreign_;  ///< keys of stored answers of services that are no more
  uint64_t requests_ = 0, hits_ = 0;
  std::vector<Diagnostic> warnings_;
};

/// Where a store has what was recorded of a turn: all keys of a turn and those before it are less than those behind it.
std::string answers_key(uint64_t turn, uint32_t part);
inline constexpr std::string_view kAnswersPrefix = "answers/";
/// The turn that the key is of.
uint64_t turn_of_answers(std::string_view key);

}  // namespace braid
