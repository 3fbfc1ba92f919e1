#include "tests/scenarios/engine_run.h"

#include <algorithm>
#include <set>

#include "runtime/base/check.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/in_memory.h"
#include "runtime/lookup/lookups.h"
#include "tests/scenarios/oracle_service.h"

namespace braid::scenarios {
namespace {

bool is_error_port(const std::string& port) {
  return port == "rejected" || port == "late" || port == "unmatched";
}

/// With the row as it was before its step.
bool shows_row(const std::string& port) {
  return port == "late" || port == "unmatched";
}

std::string text_of(const CapturedRow& row, std::string_view field) {
  const int index = find_field(row.type->fields, field);
  return index < 0 ? "-" : to_json(row.type->fields[index].type, row.value.items()[index]);
}

/// `"E6304" "where x" {"a":1} t.trade/0@120`; of ports that show no row without it.
std::string error_line(const std::string& code, const std::string& step, const std::string& row,
                       const std::string& origin) {
  return code + " " + step + " " + (row.empty() ? "" : row + " ") + origin;
}

std::string origin_of(const CapturedRow& row) {
  const int index = find_field(row.type->fields, "origin");
  if (index < 0 || row.value.items()[index].is_null()) return "derived";
  const auto& fields = row.value.items()[index].items();
  if (fields[0].text().empty()) return "derived";
  return fmt::format("{}/{}@{}", fields[0].text(), fields[1].text(), fields[2].integer());
}

std::string line_of(const CapturedRow& row, const std::string& port) {
  if (is_error_port(port))
    return error_line(text_of(row, "code"), text_of(row, "step"), shows_row(port) ? text_of(row, "row") : "",
                      origin_of(row));
  if (port == "alerts") return text_of(row, "check") + " " + origin_of(row) + " " + text_of(row, "row");
  return to_json(row.type, row.value);
}

class Capture : public OutputWriter {
 public:
  Capture(const Program& program, Lines& lines, bool whole_errors)
      : program_(program), lines_(lines), whole_errors_(whole_errors) {
    for (const ProductSpec& product : program.products) tables_.emplace_back(product.key);
  }
  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override {
    one_.write(product, port, row, block);
    auto& lines = lines_[program_.products[product].qualified() + "/" + port];
    for (const CapturedRow& captured : one_.take(product, port)) {
      lines.push_back(whole_errors_ ? to_json(captured.type, captured.value) : line_of(captured, port));
      if (!captured.change) continue;
      static constexpr const char* kWords[] = {"new ", "changed ", "gone "};
      lines.back().insert(0, kWords[static_cast<size_t>(*captured.change)]);
      tables_[static_cast<size_t>(product)].apply(captured);
    }
  }
  Lines tables() const {
    Lines lines;
    for (size_t product = 0; product < tables_.size(); ++product)
      if (program_.products[product].changes)
        for (const CapturedRow& row : tables_[product].rows())
          lines[program_.products[product].qualified() + "/"].push_back(to_json(row.type, row.value));
    return lines;
  }

 private:
  const Program& program_;
  Lines& lines_;
  bool whole_errors_;
  CaptureWriter one_;
  std::vector<CapturedTable> tables_;  ///< of each product
};

class EngineRun {
 public:
  EngineRun(const Program& program, const RecordedInput& input, const RunOptions& options)
      : program_(program), input_(input), options_(options), output_(program, made_.lines, options.whole_errors) {
    if (program.services.empty()) return;
    lookups_ = std::make_unique<Lookups>(program, answers_of_oracle, clock_);
  }

  Result<Account> run() {
    BRAID_TRY(begin());
    load_tables(false);
    for (size_t source = 0; source < program_.sources.size(); ++source) {
      // Partitions without a record end at once.
      if (program_.sources[source].is_static()) continue;
      for (uint32_t partition = 0; partition < partitions(source).size(); ++partition)
        if (partitions(source)[partition].records.empty()) engine_->end_partition(static_cast<int>(source), partition);
    }
    for (const RecordedTurn& turn : input_.turns) {
      const int source = source_of(turn.source);
      engine_->set_wall(turn.wall);
      // Time passes beside what nobody reads, too.
      if (source < 0 && !turn.lets_go) continue;
      if (source >= 0) {
        feed(source, turn, false);
        check_law();
      }
      if (source >= 0 && turn.follows) {
        if (options_.restart_after_turns) BRAID_TRY(restart());
        engine_->follow_clock(source, turn.partition, *turn.follows);
        engine_->move_time();
        check_law();
      }
      if (turn.lets_go) {
        if (options_.restart_after_turns) BRAID_TRY(restart());
        engine_->set_wall(turn.wall);
        engine_->release_waited();
        check_law();
      }
      BRAID_TRY(engine_->health());
      if (options_.state_memory != UINT64_MAX) BRAID_TRY(evict());
      if (options_.restart_after_turns) BRAID_TRY(restart());
      if (options_.restart_twice) BRAID_TRY(recover());
    }
    for (size_t source = 0; source < program_.sources.size(); ++source)
      for (uint32_t partition = 0; partition < partitions(source).size(); ++partition)
        engine_->end_partition(static_cast<int>(source), partition);
    engine_->move_time();
    check_law();
    made_.ledgers = ledgers_of(report_of(program_, *engine_).products);
    made_.tables = output_.tables();
    return std::move(made_);
  }

 private:
  /// A deviation is a line that no oracle expects.
  void check_law() {
    if (engine_->law_deviation() == 0) return;
    made_.lines["/law"].push_back(
        fmt::format("turn {}: the ledgers are off by {}", engine_->turns(), engine_->law_deviation()));
  }
  const std::vector<reference::InputPartition>& partitions(size_t source) const {
    return input_.values.sources.at(program_.sources[source].name);
  }
  int source_of(const std::string& name) const {
    for (size_t i = 0; i < program_.sources.size(); ++i)
      if (program_.sources[i].name == name) return static_cast<int>(i);
    return -1;
  }

  Status begin() {
    EngineOptions options;
    options.now = input_.values.clock_us;
    options.job_seed = input_.values.job_seed;
    options.workers = options_.workers;
    options.block_rows = options_.block_rows;
    options.round_rows = options_.round_rows;
    if (options_.state_memory != UINT64_MAX) options.store = &store_;
    options.state_memory = options_.state_memory;
    options.lookups = lookups_.get();
    BRAID_ASSIGN(engine_, TurnEngine::make(program_, output_, options));
    decoders_.clear();
    for (size_t source = 0; source < program_.sources.size(); ++source) {
      decoders_.push_back(make_decoder(decode_plan(program_.sources[source]), &program_.sources[source].reader));
      for (const auto& partition : partitions(source)) engine_->add_partition(static_cast<int>(source), partition.name);
    }
    return {};
  }

  Status commit() {
    StateBatch batch;
    engine_->collect(batch);
    BRAID_TRY(store_.commit(batch));
    engine_->committed();
    return {};
  }

  Status evict() {
    BRAID_TRY(commit());
    return engine_->evict(options_.state_memory);
  }

  Status restart() {
    BRAID_TRY(commit());
    return recover();
  }

  Status recover() {
    BRAID_TRY(begin());
    BRAID_TRY(engine_->restore(store_));
    load_tables(true);
    return {};
  }

  void load_tables(bool silent) {
    for (const RecordedTurn& turn : input_.tables) {
      const int source = source_of(turn.source);
      if (source < 0) continue;
      if (silent) engine_->forget_table(source);
      feed(source, turn, silent);
    }
  }

  void feed(int source, const RecordedTurn& turn, bool silent) {
    const SourceSpec& spec = program_.sources[source];
    TurnInput input;
    input.bytes = turn.bytes;
    input.position = turn.position;
    input.first_line = turn.line;
    input.source = static_cast<uint32_t>(source);
    input.partition = turn.partition;
    if (!spec.is_static())
      engine_->run_turn(input, *decoders_[source], source, turn.partition, turn.ends);
    else
      engine_->load_table(input, *decoders_[source], source, turn.partition, silent);
  }

  const Program& program_;
  const RecordedInput& input_;
  RunOptions options_;
  Account made_;
  Capture output_;
  MemoryStore store_;
  ManualClock clock_;
  std::unique_ptr<Lookups> lookups_;
  std::vector<std::unique_ptr<Decoder>> decoders_;
  std::unique_ptr<TurnEngine> engine_;
};

}  // namespace

std::map<std::string, reference::Counts> ledgers_of(const std::vector<JobReport::Product>& products) {
  auto counts = [](const Ledger& ledger) {
    return reference::Counts{.in = ledger.in,
                             .used = ledger.used,
                             .filtered = ledger.filtered,
                             .duplicate = ledger.duplicate,
                             .unmatched = ledger.unmatched,
                             .rejected = ledger.rejected,
                             .late = ledger.late,
                             .partly_late = ledger.partly_late,
                             .early = ledger.early};
  };
  std::map<std::string, reference::Counts> ledgers;
  for (const JobReport::Product& product : products) {
    for (const JobReport::Input& input : product.inputs)
      ledgers[product.name + "/" + input.name] = counts(input.ledger);
    ledgers[product.name + "/"] = counts(product.derived);
  }
  return ledgers;
}

Account sorted(Account account) {
  for (auto& [port, lines] : account.lines) std::sort(lines.begin(), lines.end());
  return account;
}

Account come_to(Account account, const Program& program) {
  for (const Operator& op : program.operators)
    if (!op.row.empty() && op.row.back().name == kRetracted)  // how many changes there are, and which are rejected
      for (const int product : op.products) {
        const std::string name = program.products[product].qualified() + "/";
        account.ledgers.erase(name);
        for (const char* port : {"rejected", "unmatched"}) {
          const auto left = account.lines.find(name + port);
          if (left == account.lines.end()) continue;
          std::erase_if(left->second, [](const std::string& line) { return line.ends_with(" derived"); });
          if (left->second.empty()) account.lines.erase(left);
        }
      }
  for (const ProductSpec& product : program.products) {
    if (!product.changes) continue;
    const std::string name = product.qualified() + "/";
    if (const auto table = account.tables.find(name); table != account.tables.end()) {
      account.lines[name] = table->second;
      account.tables.erase(table);
    } else if (std::any_of(account.lines[name].begin(), account.lines[name].end(),
                           [](const std::string& line) { return !line.starts_with("{"); })) {
      account.lines[name].clear();  // changes that come to nothing
    }
    if (account.lines[name].empty()) account.lines.erase(name);
    for (const char* port : {"rejected", "alerts", "unmatched"}) account.lines.erase(name + port);
    account.ledgers.erase(name);
  }
  account.tables.clear();
  return account;
}

Account account_of(const std::vector<reference::ProductOutcome>& outcomes, const reference::Input& input) {
  Account made;
  for (const reference::ProductOutcome& product : outcomes) {
    for (const auto& [port, rows] : product.rows)
      for (const reference::OutputRow& row : rows) {
        const auto partitions = input.sources.find(row.source);
        const std::string partition = partitions == input.sources.end() ? "" : partitions->second[row.partition].name;
        const std::string origin =
            row.derived ? "derived" : fmt::format("{}/{}@{}", row.source, partition, row.position);
        std::string line = row.json();
        if (is_error_port(port))
          line = error_line(fmt::format("\"E{:04}\"", row.code), to_json(string_type(), {row.step}),
                            shows_row(port) ? (row.hidden ? "-" : line) : "", origin);
        else if (port == "alerts")
          line = to_json(string_type(), {row.check}) + " " + origin + " " + line;
        made.lines[product.name + "/" + port].push_back(line);
      }
    for (const auto& [input_name, counts] : product.inputs) made.ledgers[product.name + "/" + input_name] = counts;
    made.ledgers[product.name + "/"] = product.derived;
  }
  return made;
}

Result<Account> run_engine(const Program& program, const RecordedInput& input, const RunOptions& options) {
  return EngineRun(program, input, options).run();
}

std::string difference(const Account& expected, const Account& actual) {
  constexpr size_t kShown = 400;  // of a line
  std::string text;
  std::set<std::string> ports;
  for (const auto& [port, lines] : expected.lines) ports.insert(port);
  for (const auto& [port, lines] : actual.lines) ports.insert(port);
  for (const std::string& port : ports) {
    auto lines_of = [&](const Account& account) {
      const auto found = account.lines.find(port);
      return found == account.lines.end() ? std::vector<std::string>() : found->second;
    };
    const auto wanted = lines_of(expected), found = lines_of(actual);
    if (wanted == found) continue;
    auto a = wanted, b = found;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::vector<std::string> missing, surplus;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(missing));
    std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(surplus));
    text += port + (a == b ? ": the order differs\n" : ":\n");
    if (a == b)
      for (size_t i = 0; i < wanted.size(); ++i)
        if (wanted[i] != found[i])
          text += fmt::format("  {}  {}\n      {}\n", i, wanted[i].substr(0, kShown), found[i].substr(0, kShown));
    for (const std::string& line : missing) text += "  missing       " + line.substr(0, kShown) + "\n";
    for (const std::string& line : surplus) text += "  not expected  " + line.substr(0, kShown) + "\n";
  }
  auto counts_text = [](const reference::Counts& c) {
    return fmt::format("in {} used {} filtered {} duplicate {} unmatched {} rejected {} late {} partly {} early {}",
                       c.in, c.used, c.filtered, c.duplicate, c.unmatched, c.rejected, c.late, c.partly_late, c.early);
  };
  for (const auto& [name, counts] : expected.ledgers) {
    const auto found = actual.ledgers.find(name);
    if (found != actual.ledgers.end() && found->second == counts) continue;
    text += "ledger " + name + "\n  expected " + counts_text(counts) + "\n  found    " +
            (found == actual.ledgers.end() ? "none" : counts_text(found->second)) + "\n";
  }
  return text;
}

}  // namespace braid::scenarios
