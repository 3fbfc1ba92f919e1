#include "tests/scenarios/subjects.h"

#include "cli/session/native.h"
#include "cli/session/test_play.h"
#include "tests/scenarios/machine.h"

namespace braid::scenarios {
namespace {

/// A job that is ended behind each turn and goes on from its commit.
Result<JobReport> run_turn_by_turn(Machine& machine, const Program& program, JobOptions options) {
  options.commit_every_turns = 1;
  while (true) {
    int asked = 0;
    options.stop_requested = [&] { return asked++ > 0; };
    BRAID_ASSIGN(JobReport report, machine.run(program, options));
    if (!report.drained) return report;
  }
}

/// A job that loses its power around each commit, and once more on its way up.
Result<JobReport> run_through_power_cuts(Machine& machine, const Program& program, JobOptions options) {
  options.commit_every_turns = 1;
  for (uint64_t round = 0;; ++round) {
    // Behind the first commit of a run, so that it gets on; then before, in and behind the second.
    const std::string_view point = std::array{"after_commit", "before_output_sync", "after_output_sync"}[round % 3];
    bool committed = false;
    options.kill_point = [&](std::string_view at) {
      committed |= at == "after_commit";
      if (committed && at == point) machine.fs.cut_power_at(machine.fs.operations() + 1);
    };
    Result<JobReport> report = machine.run(program, options);
    if (report.ok() || !machine.fs.power_is_cut()) return report;
    machine.fs.crash();
    options.kill_point = nullptr;
    machine.fs.cut_power_at(machine.fs.operations() + 1 + round * 5 % 24);
    const Result<JobReport> again = machine.run(program, options);
    if (!again.ok() && !machine.fs.power_is_cut()) return again;
    machine.fs.crash();
  }
}

}  // namespace

driver::Compiled& Programs::of(const Variation& variation) {
  auto& made = compiled_[{variation.passes_id, variation.native}];
  if (made) return *made;
  made = std::make_unique<driver::Compiled>(script_.compile(variation.passes));
  if (variation.native)
    if (const auto timings = cli::use_native_code(*made, {.optimisation = 1}); !timings.ok())
      fault_ = timings.error().message;
  return *made;
}

Subject played(const Script& script, const typed::Test& test, const std::string& folder) {
  auto run = [&script, &test, folder](Program& program, const Variation& variation) -> Result<Account> {
    cli::PlayRecord record;
    BRAID_ASSIGN(const std::optional<cli::Mismatch> mismatch,
                 cli::play(test, program, {script.project(), folder},
                           {.row_by_row = variation.other_turns,
                            .restarts = static_cast<int>(variation.restarts),
                            .workers = variation.workers,
                            .block_rows = variation.block_rows,
                            .round_rows = variation.other_turns ? 1 : kRoundRows,
                            .state_memory = variation.state_memory},
                           &record));
    if (mismatch) return Error{ErrorKind::input, mismatch->relation + ": " + mismatch->difference, 0, 0};
    for (const JobReport::Product& product : record.ledgers) {
      auto check = [&](const std::string& input, const Ledger& ledger) -> Status {
        if (ledger.deviation() == 0) return {};
        return Error{ErrorKind::store,
                     fmt::format("{} of {} is off by {}: in {} used {} held {}", input, product.name,
                                 ledger.deviation(), ledger.in, ledger.used, ledger.held),
                     0, 0};
      };
      for (const JobReport::Input& input : product.inputs) BRAID_TRY(check(input.name, input.ledger));
      BRAID_TRY(check("what was made", product.derived));
    }
    return Account{record.rows, ledgers_of(record.ledgers)};
  };
  return {test.name, dimensions_of_turns(), run};
}

Subject recorded(const std::string& name, std::shared_ptr<const RecordedInput> input,
                 std::shared_ptr<const RecordedInput> other, uint64_t round_rows) {
  auto run = [input, other, round_rows](Program& program, const Variation& variation) {
    return run_engine(program, variation.other_turns ? *other : *input,
                      {.restart_after_turns = variation.restarts != Restarts::never,
                       .restart_twice = variation.restarts == Restarts::again_while_starting,
                       .block_rows = variation.block_rows,
                       .round_rows = variation.other_turns ? 1 : round_rows,
                       .workers = variation.workers,
                       .state_memory = variation.state_memory,
                       .whole_errors = true});
  };
  return {name, dimensions_of_turns(), run};
}

Subject job(const std::string& name, std::shared_ptr<const RecordedInput> input) {
  auto run = [input](Program& program, const Variation& variation) -> Result<Account> {
    Machine::bind(program);
    Machine machine(1, *input);
    JobOptions options = Machine::options();
    options.workers = variation.workers;
    options.block_rows = variation.block_rows;
    options.state_memory = variation.state_memory;
    BRAID_ASSIGN(const JobReport report, variation.restarts == Restarts::never ? machine.run(program, options)
                                         : variation.restarts == Restarts::after_each_turn
                                             ? run_turn_by_turn(machine, program, options)
                                             : run_through_power_cuts(machine, program, options));
    machine.fs.cut_power_at(0);
    if (report.deviation != 0) return Error{ErrorKind::store, "the ledgers do not add up", 0, 0};
    return Account{machine.outputs(), ledgers_of(report.products)};
  };
  return {name, dimensions_of_jobs(), run};
}

namespace {

/// Of one record that several steps reject: which of them comes first is the plan's.
Account rejected_in_any_order(Account account) {
  for (auto& [port, lines] : account.lines)
    if (port.find("rejected") != std::string::npos) std::sort(lines.begin(), lines.end());
  return account;
}

}  // namespace

std::string differing(const Subject& subject, Programs& programs, const std::vector<Variation>& variations,
                      Account* plain_made) {
  std::optional<Account> plain, plain_of_other_turns;
  std::string passes, passes_of_other_turns;  // of these
  for (const Variation& variation : variations) {
    const std::string where = subject.name + ": " + variation.name + "\n";
    Program& program = programs.of(variation).program();
    if (!programs.fault().empty()) return where + programs.fault();
    Result<Account> made = subject.run(program, variation);
    if (!made.ok()) return where + made.error().message;
    std::optional<Account>& first = variation.other_turns ? plain_of_other_turns : plain;
    std::string& passes_of_first = variation.other_turns ? passes_of_other_turns : passes;
    if (!first) {
      first = *made;
      passes_of_first = variation.passes_id;
    }
    std::string found = subject.any_way && variation.passes_id != passes_of_first
                            ? difference(rejected_in_any_order(*first), rejected_in_any_order(*made))
                            : difference(*first, *made);
    auto content_of = [&](const Account& account) { return sorted(come_to(account, program)); };
    if (variation.other_turns && plain && !subject.other_rows)
      found += difference(content_of(*plain), content_of(*made));
    if (!found.empty()) return where + found;
  }
  if (plain_made != nullptr && plain) *plain_made = std::move(*plain);
  return "";
}

}  // namespace braid::scenarios
