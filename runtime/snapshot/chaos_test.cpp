// Tasks that move between machines while old owners go on, with power cuts and failures anywhere, by seeds.
#include <cerrno>
#include <deque>
#include <set>

#include "runtime/snapshot/test_task.h"

namespace braid {
namespace {

using namespace test;

/// What a process has of the shared folder; a killed process does nothing more there.
class MortalStore : public SnapshotStore {
 public:
  explicit MortalStore(SnapshotStore& store) : store_(store) {}
  void kill() { dead_ = true; }
  std::string place() const override { return store_.place(); }
  Status put(const std::string& name, uint64_t size, const NextPiece& next) override {
    return dead_ ? Status(gone()) : store_.put(name, size, next);
  }
  Status get(const std::string& name, const TakePiece& take) override {
    return dead_ ? Status(gone()) : store_.get(name, take);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    return dead_ ? Result<std::vector<std::string>>(gone()) : store_.list(folder);
  }
  Result<std::vector<std::string>> list_unfinished(const std::string& folder) override {
    return dead_ ? Result<std::vector<std::string>>(gone()) : store_.list_unfinished(folder);
  }
  Status remove(const std::string& name) override { return dead_ ? Status(gone()) : store_.remove(name); }

 private:
  static Error gone() { return {ErrorKind::store, "killed", 0, EIO}; }
  SnapshotStore& store_;
  bool dead_ = false;
};

struct Owner {
  std::unique_ptr<SimFs> machine;
  std::unique_ptr<TestTask> task;
  std::unique_ptr<MortalStore> store;
  std::unique_ptr<SnapshotUploader> uploader;
  bool forked = false;
};

struct Counts {
  uint64_t stored = 0, failed = 0, moves = 0, fetched = 0, removed = 0, zombies_stored = 0, reused = 0;
};

class World {
 public:
  World(uint64_t seed, Counts& counts) : rng_(seed), shared_(rng_.next()), counts_(counts) {
    options_.slice_bytes = 1;
    options_.retention.superseded_us = int64_t{300} * 1'000'000;
    owner_ = start(std::make_unique<SimFs>(rng_.next()));
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
    move();
    // Once the zombies are gone and all is quiet, nothing is left but two snapshots.
    zombies_.clear();
    for (int i = 0; i < 3; ++i) {
      shared_.clock.advance_us(int64_t{25} * 3600 * 1'000'000);
      commit();
      if (owner_.uploader->busy()) (void)owner_.uploader->wait();
      begin(owner_);
      const UploadResult result = owner_.uploader->wait();
      ASSERT_EQ(result.outcome, UploadResult::Outcome::stored) << result.error->message;
      EXPECT_TRUE(result.warnings.empty());
    }
    std::set<std::string> needed;
    const auto manifests = shared_.manifests();
    EXPECT_EQ(manifests.size(), 2u);
    for (const std::string& name : manifests) {
      const auto manifest = SnapshotManifest::parse(*shared_.store.get_text(kOwner.manifests() + "/" + name, 1 << 20));
      ASSERT_TRUE(manifest.ok());
      for (const SnapshotFile& file : manifest->files) needed.insert(file.object);
    }
    EXPECT_EQ(shared_.files(), std::vector<std::string>(needed.begin(), needed.end()));
    EXPECT_TRUE(shared_.store.list_unfinished(kOwner.files())->empty());
    EXPECT_TRUE(shared_.store.list_unfinished(kOwner.manifests())->empty());
    owner_.uploader.reset();
  }

 private:
  struct Epoch {
    EpochChain chain;
    uint64_t seed = 0;
    Rows rows;
  };

  Owner start(std::unique_ptr<SimFs> machine) {
    Owner owner;
    owner.machine = std::move(machine);
    owner.task = std::make_unique<TestTask>(*owner.machine);
    owner.store = std::make_unique<MortalStore>(shared_.store);
    owner.uploader = std::make_unique<SnapshotUploader>(*owner.store, *owner.machine, shared_.clock, shared_.executor,
                                                        kOwner, options_);
    return owner;
  }

  void step() {
    shared_.clock.advance_us(rng_.between(0, 20'000'000));
    if (rng_.chance(30)) shared_.clock.advance_us(rng_.between(0, int64_t{26} * 3600 * 1'000'000));
    if (rng_.chance(15))
      shared_.fs.fail_operation(shared_.fs.operations() + 1 + rng_.below(12), rng_.chance(2) ? EIO : ENOSPC);
    switch (rng_.below(12)) {
      case 0:
      case 1:
      case 2:
        return commit();
      case 3:
      case 4:
        return begin(owner_);
      case 5:
      case 6:
      case 7:
        return drive(owner_, false);
      case 8:
        if (!zombies_.empty()) drive(zombies_[rng_.below(zombies_.size())], true);
        return;
      case 9:
        return rng_.chance(2) ? fork() : cut_shared_power();
      case 10:
        return rng_.chance(4) ? restart() : drive(owner_, false);
      default:
        if (rng_.chance(4)) move();
    }
  }

  void commit() {
    Epoch epoch;
    epoch.seed = rng_.next();
    Rng rng(epoch.seed);
    owner_.task->commit(rng);
    epoch.chain = owner_.task->chain;
    epoch.rows = owner_.task->rows;
    ASSERT_EQ(epoch.chain.epoch, history_.size() + 1);
    history_.push_back(std::move(epoch));
  }

  void begin(Owner& owner) {
    if (owner.uploader->busy()) return;
    auto frozen = owner.task->freeze();
    ASSERT_TRUE(frozen.ok()) << frozen.error().message;
    owner.uploader->begin(*std::move(frozen), owner.task->chain, kProgram);
  }

  void drive(Owner& owner, bool zombie) {
    if (rng_.chance(50)) owner.uploader->cancel();
    const auto result = owner.uploader->poll();
    if (!result) return;
    const bool stored = result->outcome == UploadResult::Outcome::stored;
    counts_.stored += stored;
    counts_.zombies_stored += stored && zombie;
    counts_.failed += !stored;
    counts_.removed += result->removed;
    counts_.reused += result->files_reused;
    if (stored && on_chain(result->manifest)) guaranteed_ = std::max(guaranteed_, result->manifest.chain.epoch);
  }

  /// A zombie whose last transaction was not committed, although it believes so.
  void fork() {
    if (zombies_.empty()) return;
    Owner& zombie = zombies_[rng_.below(zombies_.size())];
    if (zombie.forked || zombie.uploader->busy()) return;
    zombie.forked = true;
    Rng rng(rng_.next());
    zombie.task->commit(rng, 99);
    begin(zombie);
  }

  void cut_shared_power() {
    shared_.fs.cut_power_at(shared_.fs.operations() + 1 + rng_.below(12));
    drive(owner_, false);
    if (!zombies_.empty()) drive(zombies_[rng_.below(zombies_.size())], true);
    shared_.fs.crash();
  }

  static void kill(Owner& owner) {
    owner.store->kill();
    owner.machine->cut_power_at(owner.machine->operations() + 1);
    owner.uploader.reset();
    owner.machine->crash();
  }

  /// The machine of the owner goes down; the store on its disk is still good.
  void restart() {
    kill(owner_);
    owner_ = start(std::move(owner_.machine));
    replay();
  }

  void move() {
    ++counts_.moves;
    Owner old = std::move(owner_);
    if (rng_.chance(2))
      zombies_.push_back(std::move(old));
    else
      kill(old);
    auto machine = std::make_unique<SimFs>(rng_.next());
    shared_.fs.crash();  // no failure is left from before
    const auto fetched =
        shared_.fetch(*machine, history_.size(), [&](const SnapshotManifest& m) { return on_chain(m); });
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_TRUE(fetched->warnings.empty()) << fetched->warnings[0].message;
    const uint64_t epoch = fetched->snapshot ? fetched->snapshot->manifest.chain.epoch : 0;
    ASSERT_GE(epoch, guaranteed_);
    owner_ = start(std::move(machine));
    if (fetched->snapshot) {
      ++counts_.fetched;
      owner_.uploader->continue_from(fetched->snapshot->name);
      ASSERT_EQ(owner_.task->chain, fetched->snapshot->manifest.chain);
      ASSERT_EQ(owner_.task->rows, history_[epoch - 1].rows);
    }
    replay();
  }

  void replay() {
    while (owner_.task->chain.epoch < history_.size()) {
      Rng rng(history_[owner_.task->chain.epoch].seed);
      owner_.task->commit(rng);
    }
    if (history_.empty()) return;
    ASSERT_EQ(owner_.task->chain, history_.back().chain);
    ASSERT_EQ(owner_.task->rows, history_.back().rows);
  }

  bool on_chain(const SnapshotManifest& manifest) const {
    const uint64_t epoch = manifest.chain.epoch;
    return epoch >= 1 && epoch <= history_.size() && history_[epoch - 1].chain == manifest.chain;
  }

  Rng rng_;
  SharedFolder shared_;
  Counts& counts_;
  UploadOptions options_;
  std::vector<Epoch> history_;
  uint64_t guaranteed_ = 0;  ///< the newest epoch of the chain of which somebody knows that it is stored
  Owner owner_;
  std::deque<Owner> zombies_;
};

TEST(SnapshotChaos, no_stored_snapshot_is_lost_and_none_is_torn) {
  Counts counts;
  for (uint64_t seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World(seed, counts).run(300);
  }
  EXPECT_GT(counts.stored, 1000u);
  EXPECT_GT(counts.failed, 300u);
  EXPECT_GT(counts.moves, 300u);
  EXPECT_GT(counts.fetched, 300u);
  EXPECT_GT(counts.removed, 1000u);
  EXPECT_GT(counts.zombies_stored, 20u);
  EXPECT_GT(counts.reused, 1000u);
}

}  // namespace
}  // namespace braid
