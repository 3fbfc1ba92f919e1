#include "tests/generated/generated_case.h"

#include <algorithm>

#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/machine.h"
#include "tests/scenarios/subjects.h"

namespace braid::generated {
namespace {

using namespace scenarios;

Dimension only(const Dimension& dimension, const std::vector<size_t>& values) {
  Dimension made{.name = dimension.name, .values = {}};
  for (const size_t value : values) made.values.push_back(dimension.values[value]);
  return made;
}

/// The plain one and some others; what is native has the same passes, so that it is compiled once.
std::vector<Variation> choose(const std::vector<Dimension>& dimensions, int natives, int others, Rng& rng) {
  std::vector<Dimension> native = dimensions, interpreted = dimensions;
  for (size_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i].name == "passes")
      native[i] = only(dimensions[i], {rng.chance(2) ? 0 : rng.below(dimensions[i].values.size())});
    if (dimensions[i].name != "code") continue;
    native[i] = only(dimensions[i], {1});
    interpreted[i] = only(dimensions[i], {0});
  }
  std::vector<Variation> chosen{Variation{.name = "plain"}};
  for (int i = 0; i < natives; ++i) chosen.push_back(random_variation(native, rng));
  for (int i = 0; i < others; ++i) chosen.push_back(random_variation(interpreted, rng));
  return chosen;
}

/// Of which rows the checker thinks otherwise than the maker.
std::string other_types(const MadeScript& made, const typed::Project& project) {
  auto text_of = [](const std::vector<Field>& row) {
    std::string text;
    for (const Field& field : row) text += field.name + ": " + to_string(field.type) + ", ";
    return text;
  };
  for (const typed::Relation& relation : project.relations) {
    const auto expected = made.rows.find(relation.name);
    if (expected == made.rows.end()) continue;
    const std::string wanted = text_of(expected->second), found = text_of(relation.row);
    if (wanted != found) return "types of " + relation.name + "\n  expected " + wanted + "\n  found    " + found + "\n";
  }
  return "";
}

/// Product rows in the files of a job; of tables and ports the variations of the job say enough.
std::string missing_in_files(const Account& expected, const Account& files, const Program& program) {
  Account wanted, found;
  for (const ProductSpec& product : program.products) {
    if (product.changes) continue;
    const std::string name = product.qualified() + "/";
    const auto rows = expected.lines.find(name);
    if (rows != expected.lines.end()) wanted.lines[name] = rows->second;
    const auto file = files.lines.find(product.qualified() + ".v1.ndjson");
    if (file != files.lines.end() && !file->second.empty()) found.lines[name] = file->second;
  }
  return difference(sorted(wanted), sorted(found));
}

/// What does not say where a record stood: of error ports only why and at which step.
Account without_places(Account account) {
  for (auto& [port, lines] : account.lines) {
    const std::string name = port.substr(port.find('/') + 1);
    if (name != "rejected" && name != "late" && name != "unmatched" && name != "alerts") continue;
    for (std::string& line : lines)
      line = name == "alerts" ? line.substr(0, line.find(' ')) + line.substr(line.find(" {"))
                              : line.substr(0, line.rfind(' '));
  }
  return sorted(std::move(account));
}

}  // namespace

Case make_case(uint64_t seed) {
  Case made;
  made.seed = seed;
  made.script = make_script(seed);
  Rng rng(hash_mix(seed, 1));
  const Script script(render(made.script.tree));
  if (!script.faults().empty()) return made;
  const InputShape shape{.partitions = static_cast<uint32_t>(rng.between(1, 3)),
                         .records = static_cast<int>(rng.between(6, 28)),
                         .now_us = kMachineNow,
                         .on_time = !made.script.waits && !made.script.retimes && rng.chance(4)};
  made.input = record_input(script.project(), shape, rng);
  if (shape.on_time) made.permuted = permuted(made.input, script.project(), rng);
  made.other = made.input;
  interleave(made.other, rng);
  if (made.script.waits) {
    let_time_pass(made.input, rng);
    let_time_pass(made.other, rng);
  }
  made.of_turns = choose(dimensions_of_turns(), 2, 3, rng);
  // A job over files waits for nothing.
  if (!made.script.waits && rng.chance(3)) made.of_job = choose(dimensions_of_jobs(), 1, 1, rng);
  return made;
}

Verdict judge(const Case& each, bool types) {
  Verdict verdict;
  const Script script(render(each.script.tree));
  verdict.refusal = script.faults();
  if (!verdict.refusal.empty()) return verdict;
  if (types) verdict.difference = other_types(each.script, script.project());
  if (!verdict.difference.empty()) return verdict;
  Programs programs(script);
  driver::Compiled& plain = programs.of(Variation{});
  verdict.products = plain.program().products.size();
  auto content_of = [&](Account account) { return sorted(come_to(std::move(account), plain.program())); };
  auto expected_of = [&](const RecordedInput& input) {
    return content_of(account_of(reference::evaluate(plain.checked, script.project(), input.values), input.values));
  };
  auto against_reference = [&](const Account& expected, const RecordedInput& input) -> std::string {
    const Result<Account> found = run_engine(plain.program(), input, {});
    if (!found.ok()) return "error " + found.error().message;
    const std::string text = difference(expected, content_of(*found));
    return text.empty() ? "" : "reference and engine differ\n" + text;
  };
  const Account expected = expected_of(each.input);
  verdict.difference = against_reference(expected, each.input);
  if (verdict.difference.empty() && each.script.waits)
    verdict.difference = against_reference(expected_of(each.other), each.other);
  if (verdict.difference.empty() && each.permuted) {
    const Account of_permuted = expected_of(*each.permuted);
    if (const std::string text = difference(without_places(expected), without_places(of_permuted)); !text.empty())
      verdict.difference = "permuted input differs by the reference\n" + text;
    else
      verdict.difference = against_reference(of_permuted, *each.permuted);
  }
  if (!verdict.difference.empty()) return verdict;
  // Where rounds of few rows end follows from what is in the state, which a restart must not change.
  constexpr uint64_t kFewRows = 3;
  Subject turns = recorded("turns", std::make_shared<RecordedInput>(each.input),
                           std::make_shared<RecordedInput>(each.other), each.seed % 2 == 0 ? kRoundRows : kFewRows);
  turns.other_rows = each.script.waits;
  turns.any_way = true;
  if (const std::string text = differing(turns, programs, each.of_turns); !text.empty())
    verdict.difference = "variations differ\n" + text;
  if (!verdict.difference.empty() || each.of_job.empty()) return verdict;
  Account files;
  Subject job = scenarios::job("job", std::make_shared<RecordedInput>(each.input));
  job.any_way = true;
  if (const std::string text = differing(job, programs, each.of_job, &files); !text.empty())
    verdict.difference = "jobs differ\n" + text;
  else if (const std::string text = missing_in_files(expected, files, plain.program()); !text.empty())
    verdict.difference = "files differ from the reference\n" + text;
  return verdict;
}

std::string shown(const Case& each) {
  std::string text = render(each.script.tree) + "\n";
  for (const auto* turns : {&each.input.tables, &each.input.turns})
    for (const RecordedTurn& turn : *turns)
      text += turn.source + "/" + std::to_string(turn.partition) + "@" + std::to_string(turn.position) +
              (turn.ends ? " ends" : "") + "\n" + turn.bytes;
  text += "\nin other turns:\n";
  for (const RecordedTurn& turn : each.other.turns)
    text += turn.source + "/" + std::to_string(turn.partition) + "@" + std::to_string(turn.position) +
            (turn.ends ? " ends" : "") + "\n" + turn.bytes;
  return text;
}

}  // namespace braid::generated
