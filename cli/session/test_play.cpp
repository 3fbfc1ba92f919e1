#include "cli/session/test_play.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "cli/project/project.h"
#include "cli/session/expectations.h"
#include "runtime/base/rng.h"
#include "runtime/engine/in_memory.h"
#include "runtime/lookup/given_service.h"
#include "runtime/lookup/lookups.h"

namespace braid::cli {
namespace {

/// Tests that give only raw bytes have no clock to measure the future by: it stands far ahead.
constexpr int64_t kFarAhead = int64_t{253'370'764'800} * 1'000'000;  // the year 9999

/// A record to feed, with what ordering needs to know of it.
struct Arriving {
  int source;  ///< of the program; −1: nothing reads it
  typed::RelationId relation;
  std::string bytes;
  std::optional<int64_t> time;
};

std::optional<int64_t> time_of(const typed::Relation& relation, const typed::TestRow& row) {
  const std::vector<int> path = relation.time_path.empty() ? std::vector<int>{relation.time_field} : relation.time_path;
  for (const auto& [index, value] : row.fields) {
    if (index != path.front() || value.is_null()) continue;
    const Value* at = &value;
    for (size_t i = 1; i < path.size(); ++i) at = &at->items()[static_cast<size_t>(path[i])];
    return at->integer();
  }
  return std::nullopt;
}

/// The latest instant that a row names: what a test's clock has seen.
int64_t latest_in(const typed::Relation& relation, const typed::TestRow& row) {
  int64_t latest = std::numeric_limits<int64_t>::min();
  for (const auto& [index, value] : row.fields)
    if (is(without_optional(relation.row[index].type), TypeKind::timestamp) && !value.is_null())
      latest = std::max(latest, value.integer());
  if (!relation.time_path.empty()) latest = std::max(latest, time_of(relation, row).value_or(latest));
  return latest;
}

/// The key alone, as that of a record of a topic that has no value.
std::string key_record(const typed::Relation& relation, const typed::TestRow& row) {
  std::string text = "{";
  for (const auto& path : relation.key)
    for (const auto& [index, value] : row.fields) {
      if (index != path.front()) continue;
      const std::string name = relation.source->fields[static_cast<size_t>(index)].path.back();
      text += (text.size() > 1 ? "," : "") + to_json(string_type(), Value{name}) + ":" +
              to_json(relation.row[static_cast<size_t>(index)].type, value);
    }
  return text + "}";
}

int source_of(const Program& program, const typed::Relation& relation) {
  for (size_t i = 0; i < program.sources.size(); ++i)
    if (program.sources[i].name == relation.qualified() && program.sources[i].version == relation.version)
      return static_cast<int>(i);
  return -1;
}

int product_of(const Program& program, const typed::Relation& relation) {
  for (size_t i = 0; i < program.products.size(); ++i)
    if (program.products[i].qualified() == relation.qualified() && program.products[i].version == relation.version)
      return static_cast<int>(i);
  return -1;
}

/// Another order of arrival in which no row comes later than its source's bound allows, rows of one instant and rows of
/// unknown time stay in order. Sources interleave freely.
std::vector<Arriving> permuted(std::vector<Arriving> rows, const typed::Project& project, Rng& rng) {
  // Static tables are read whole before the streams start, whatever the order.
  const auto timed = std::stable_partition(rows.begin(), rows.end(), [&](const Arriving& row) {
    const typed::Relation& relation = project.relations[row.relation];
    return relation.kind == typed::RelationKind::table && !relation.has_time && !relation.followed;
  });
  std::vector<Arriving> made(std::make_move_iterator(rows.begin()), std::make_move_iterator(timed));
  rows.erase(rows.begin(), timed);
  while (!rows.empty()) {
    std::vector<size_t> possible;
    for (size_t i = 0; i < rows.size(); ++i) {
      bool first = true;
      const int64_t within = project.relations[rows[i].relation].within_us;
      for (size_t j = 0; j < rows.size() && first; ++j) {
        if (rows[j].relation != rows[i].relation || i == j) continue;
        if (j < i) first &= rows[i].time && rows[j].time && *rows[i].time != *rows[j].time;
        first &= !rows[i].time || !rows[j].time || *rows[i].time <= *rows[j].time + within;
      }
      if (first) possible.push_back(i);
    }
    const size_t chosen = possible[rng.below(possible.size())];
    made.push_back(std::move(rows[chosen]));
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return made;
}

class Play {
 public:
  Play(const typed::Test& test, const Program& program, const PlayContext& context, const Arrival& arrival,
       PlayRecord* record)
      : test_(test),
        program_(program),
        context_(context),
        arrival_(arrival),
        record_(record),
        rng_(arrival.permutation) {}

  Result<std::optional<Mismatch>> run() {
    BRAID_TRY(begin(INT64_MAX));
    for (size_t i = 0; i < test_.statements.size(); ++i) {
      BRAID_TRY(take_step(i));
      if (mismatch_) break;
    }
    if (record_ != nullptr && !mismatch_) {
      for (const auto& [product, port] : session_->waiting()) keep(product, port, take(product, port));
      record_->ledgers = report_of(program_, session_->engine()).products;
    }
    return std::move(mismatch_);
  }

  /// The rows that the expectation at that statement misses if time moves before it.
  Result<size_t> missing(size_t statement, const Moved& moved) {
    BRAID_TRY(begin(INT64_MAX));
    for (size_t i = 0; i < statement; ++i) BRAID_TRY(take_step(i));
    now_ = std::max(now_, moved.to);
    session_->set_now(now_);
    for (const int source : moved.sources) session_->advance_to(source, moved.to);
    mismatch_.reset();
    BRAID_TRY(take_step(statement));
    return mismatch_ ? mismatch_->missing : 0;
  }

  /// The content of a table as of an instant: what has come of the statements before this one by then.
  Result<std::vector<CapturedRow>> content(int product, int64_t at, size_t before) {
    BRAID_TRY(begin(at));
    for (size_t i = 0; i < before; ++i)
      if (!std::holds_alternative<typed::ExpectStatement>(test_.statements[i].content)) BRAID_TRY(take_step(i));
    session_->reach(at);
    return take(product, "");
  }

 private:
  /// Rows of times behind `until` count as not given.
  Status begin(int64_t until) {
    last_change_ = 0;
    bool raw = false;
    int64_t latest = 0;
    for (size_t i = 0; i < test_.statements.size(); ++i) {
      const auto& content = test_.statements[i].content;
      if (!std::holds_alternative<typed::ExpectStatement>(content)) last_change_ = i + 1;
      const auto* given = std::get_if<typed::GivenStatement>(&content);
      if (!given) continue;
      raw |= !given->raw.empty();
      for (const typed::TestRow& row : given->rows)
        latest = std::max(latest, latest_in(relation(given->relation), row));
    }
    // Typed rows move the clock as they come. Raw ones say no time before they are read: for them it stands where the
    // typed rows of the test will bring it.
    now_ = !raw ? 0 : latest > 0 ? latest : kFarAhead;
    if (!program_.services.empty())
      lookups_ = std::make_unique<Lookups>(
          program_,
          [this](const ServiceSpec& spec) {
            return Result<std::unique_ptr<Service>>(std::make_unique<GivenService>(answers_[spec.name]));
          },
          pauses_);
    BRAID_ASSIGN(session_, InMemorySession::make(program_, {.job_seed = 1,
                                                            .now = now_,
                                                            .until = until,
                                                            .workers = arrival_.workers,
                                                            .block_rows = arrival_.block_rows,
                                                            .round_rows = arrival_.round_rows,
                                                            .state_memory = arrival_.state_memory,
                                                            .lookups = lookups_.get()}));
    return {};
  }
  Status take_step(size_t index) {
    at_ = index;
    BRAID_TRY(std::visit([this](const auto& statement) { return step(statement); }, test_.statements[index].content));
    return session_->engine().stopped();
  }

  const typed::Relation& relation(typed::RelationId id) const { return context_.project.relations[id]; }

  void keep(int product, const std::string& port, const std::vector<CapturedRow>& rows) {
    auto& kept = record_->rows[program_.products[product].qualified() + "/" + port];
    // Of a table, the content counts: the changes on the way depend on the turns.
    if (port.empty() && program_.products[product].changes) kept.clear();
    for (const CapturedRow& row : rows) kept.push_back(to_json(row.type, row.value));
  }
  /// Rows since the last call; of a table its content.
  std::vector<CapturedRow> take(int product, const std::string& port) {
    std::vector<CapturedRow> rows = session_->take(product, port);
    const ProductSpec& spec = program_.products[product];
    if (!port.empty() || !spec.changes) return rows;
    CapturedTable& table = tables_.try_emplace(product, spec.key).first->second;
    for (const CapturedRow& row : rows) table.apply(row);
    return table.rows();
  }
  /// A turn is over.
  Status restart() {
    for (int i = 0; i < arrival_.restarts; ++i) BRAID_TRY(session_->restart());
    return {};
  }

  Status step(const typed::GivenStatement& given) {
    const typed::Relation& to = relation(given.relation);
    const int source = source_of(program_, to);
    for (const typed::TestRow& row : given.rows) {
      now_ = std::max(now_, latest_in(to, row));
      pending_.push_back({source, given.relation, given_record(to, row) + "\n", time_of(to, row)});
    }
    for (const std::string& raw : given.raw) pending_.push_back({source, given.relation, raw + "\n", std::nullopt});
    if (given.file) {
      std::string reason;
      const std::filesystem::path file(*given.file);
      const std::string path =
          file.is_absolute() ? *given.file : (std::filesystem::path(context_.folder) / file).string();
      const auto text = read_file(path, reason);
      if (!text) return Error{ErrorKind::input, fmt::format("cannot read `{}`: {}", path, reason), 7001};
      now_ = std::max(now_, kFarAhead);
      pending_.push_back({source, given.relation, *text, std::nullopt});
    }
    // A run of `given`s is permuted as one; otherwise each is one turn.
    const bool more = at_ + 1 < test_.statements.size() &&
                      std::holds_alternative<typed::GivenStatement>(test_.statements[at_ + 1].content);
    if (arrival_.permutation != 0 && more) return {};
    return feed_pending();
  }

  Status step(const typed::GivenAnswers& given) {
    const typed::Service& service = context_.project.services[static_cast<size_t>(given.service)];
    const Type type = struct_type(service.result);
    for (const typed::TestRow& row : given.rows) {
      std::vector<std::string> arguments(service.parameters.size());
      std::vector<Value> answer(service.result.size(), Value{Null{}});
      for (const auto& [index, value] : row.fields) {
        const auto place = static_cast<size_t>(index);
        if (place < arguments.size())
          arguments[place] = to_cell(service.parameters[place].type, value);
        else
          answer[place - arguments.size()] = value;
      }
      answers_[service.qualified()].give(arguments, to_json(type, Value{std::move(answer)}));
    }
    return {};
  }
  Status step(const typed::SilentService& silent) {
    answers_[context_.project.services[static_cast<size_t>(silent.service)].qualified()].fall_silent();
    return {};
  }

  Status feed_pending() {
    std::vector<Arriving> rows = std::exchange(pending_, {});
    session_->set_now(now_);
    if (arrival_.permutation != 0) rows = permuted(std::move(rows), context_.project, rng_);
    const bool row_by_row = arrival_.row_by_row || arrival_.permutation != 0;
    std::string turn;
    for (size_t i = 0; i < rows.size(); ++i) {
      turn += rows[i].bytes;
      const bool last = i + 1 == rows.size() || rows[i + 1].source != rows[i].source;
      if (!row_by_row && !last) continue;
      if (rows[i].source >= 0) session_->feed(rows[i].source, turn);
      turn.clear();
      BRAID_TRY(restart());
    }
    return {};
  }

  Status step(const typed::DeleteStatement& deleted) {
    const typed::Relation& from = relation(deleted.relation);
    const int source = source_of(program_, from);
    for (const typed::TestRow& keys : deleted.rows) {
      now_ = std::max(now_, latest_in(from, keys));
      session_->set_now(now_);
      if (const auto row = deleting_row(from, keys); source >= 0 && row)
        session_->feed(source, given_record(from, *row) + "\n");
      else if (source >= 0)
        session_->remove(source, key_record(from, keys), time_of(from, keys).value_or(0));
      BRAID_TRY(restart());
    }
    return {};
  }
  Status step(const typed::AdvanceStatement& advance) {
    now_ = std::max(now_, advance.to_us);
    session_->set_now(now_);
    if (const int source = source_of(program_, relation(advance.relation)); source >= 0)
      session_->advance_to(source, advance.to_us);
    return restart();
  }
  Status step(const typed::IdleStatement& idle) {
    if (const int source = source_of(program_, relation(idle.relation)); source >= 0) session_->idle(source);
    return restart();
  }
  Status step(const typed::WaitStatement& wait) {
    now_ += wait.duration_us;
    session_->set_now(now_);
    session_->wait(wait.duration_us);
    return restart();
  }
  Status step(const typed::RestartStatement&) { return session_->restart(); }

  Status step(const typed::ExpectStatement& expect) {
    if (at_ >= last_change_ && !ended_) {
      session_->end_all();
      ended_ = true;
    }
    const typed::Relation& of = relation(expect.relation);
    const int product = product_of(program_, of);
    BRAID_CHECK(product >= 0, "an expected product that was not compiled");
    std::vector<ResultRow> rows;
    std::vector<CapturedRow> taken;
    if (expect.at_us) {
      BRAID_ASSIGN(taken, Play(test_, program_, context_, arrival_, nullptr).content(product, *expect.at_us, at_));
    } else {
      taken = take(product, expect.port);
      if (record_ != nullptr) keep(product, expect.port, taken);
    }
    for (CapturedRow& row : taken)
      rows.push_back({row.type->fields, std::get<std::vector<Value>>(std::move(row.value.content))});
    std::vector<std::string> key;
    if (expect.port.empty())
      for (const auto& path : of.key)
        if (path.size() == 1) key.push_back(of.row[path.front()].name);
    const std::vector<Field> fields = expect.port.empty() ? of.row : std::vector<Field>{};
    size_t missing = 0;
    auto difference = compare_rows(expect, rows, fields, key, &missing);
    if (!difference) return {};
    mismatch_ = Mismatch{.span = test_.statements[at_].span,
                         .relation = of.name + (expect.port.empty() ? "" : "." + expect.port),
                         .difference = std::move(*difference),
                         .product = product,
                         .statement = at_,
                         .missing = missing,
                         .ended = ended_,
                         .clocks = {}};
    for (size_t source = 0; source < program_.sources.size(); ++source)
      mismatch_->clocks.push_back(session_->engine().clock(static_cast<int>(source), 0));
    return {};
  }

  const typed::Test& test_;
  const Program& program_;
  const PlayContext& context_;
  const Arrival& arrival_;
  PlayRecord* record_;
  Rng rng_;
  std::map<std::string, GivenAnswersBook> answers_;  ///< of services, by their names
  ManualClock pauses_;                               ///< between attempts, which take no time here
  std::unique_ptr<Lookups> lookups_;
  std::unique_ptr<InMemorySession> session_;
  std::map<int, CapturedTable> tables_;  ///< of products that are tables
  std::vector<Arriving> pending_;
  std::optional<Mismatch> mismatch_;
  int64_t now_ = 0;
  size_t at_ = 0;
  size_t last_change_ = 0;  ///< statements from here on only expect
  bool ended_ = false;
};

}  // namespace

std::optional<typed::TestRow> deleting_row(const typed::Relation& relation, const typed::TestRow& keys) {
  if (!relation.source->delete_when) return std::nullopt;
  const typed::Expression* condition = relation.source->delete_when.get();
  auto column = [](const typed::ExpressionRef& expression) -> const typed::ColumnRead* {
    const typed::Expression* inner = expression.get();
    while (const auto* convert = std::get_if<typed::Convert>(&inner->node)) inner = convert->operand.get();
    return std::get_if<typed::ColumnRead>(&inner->node);
  };
  typed::TestRow row = keys;
  if (const auto* flag = std::get_if<typed::ColumnRead>(&condition->node)) {
    row.fields.emplace_back(flag->index, Value{true});
    return row;
  }
  const auto* operation = std::get_if<typed::Operation>(&condition->node);
  if (!operation || operation->op != typed::Operator::equal) return std::nullopt;
  const auto* asked = column(operation->operands[0]);
  const auto* constant = std::get_if<typed::Constant>(&operation->operands[1]->node);
  if (!asked || !constant) return std::nullopt;
  row.fields.emplace_back(asked->index, constant->value);
  return row;
}

void take_deletes(typed::Project& project) {
  for (const typed::Test& test : project.tests)
    for (const typed::TestStatement& statement : test.statements)
      if (const auto* deleted = std::get_if<typed::DeleteStatement>(&statement.content)) {
        typed::Relation& table = project.relations[static_cast<size_t>(deleted->relation)];
        if (!deleting_row(table, {})) table.source->takes_deletes = true;
      }
}

std::vector<typed::RelationId> expected_products(const typed::Test& test) {
  std::set<typed::RelationId> products;
  for (const typed::TestStatement& statement : test.statements)
    if (const auto* expect = std::get_if<typed::ExpectStatement>(&statement.content)) products.insert(expect->relation);
  return {products.begin(), products.end()};
}

Result<std::optional<Mismatch>> play(const typed::Test& test, const Program& program, const PlayContext& context,
                                     const Arrival& arrival, PlayRecord* record) {
  return Play(test, program, context, arrival, record).run();
}

Result<size_t> missing_rows(const typed::Test& test, const Program& program, const PlayContext& context,
                            size_t statement, const Moved& moved) {
  return Play(test, program, context, {}, nullptr).missing(statement, moved);
}

bool can_permute(const typed::Test& test, const typed::Project& project) {
  if (test.in_order) return false;
  std::vector<std::optional<int64_t>> latest(project.relations.size());
  int64_t rows = 0;
  for (const typed::TestStatement& statement : test.statements) {
    const auto* given = std::get_if<typed::GivenStatement>(&statement.content);
    if (!given) continue;
    const typed::Relation& relation = project.relations[given->relation];
    if (!given->raw.empty() || given->file) return false;
    for (const typed::TestRow& row : given->rows) {
      ++rows;
      if (!relation.has_time) continue;
      const auto time = time_of(relation, row);
      if (!time) return false;  // computed: only the engine knows it
      auto& last = latest[given->relation];
      if (last && *time < *last - relation.within_us) return false;
      last = std::max(last.value_or(*time), *time);
    }
  }
  return rows > 1;
}

}  // namespace braid::cli
