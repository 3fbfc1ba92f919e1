#include "cli/session/test_runner.h"

#include <filesystem>
#include <map>

#include "cli/session/native.h"
#include "cli/session/test_play.h"
#include "cli/session/waiting_rows.h"
#include "compiler/interpret/interpret.h"

namespace braid::cli {
namespace {

constexpr uint64_t kPermutations = 3;

/// A project checked with the params of some tests, and the programs that those tests run.
struct Prepared {
  typed::Project project;
  std::vector<Diagnostic> findings;  ///< where the params of the test do not fit
  struct Programs {
    driver::Compiled optimized, plain;
    std::optional<driver::Compiled> native;
    bool no_native = false;  ///< the interpreter has shown the result already
  };
  std::map<std::vector<typed::RelationId>, std::unique_ptr<Programs>> programs;
};

class Runner {
 public:
  Runner(const Session& session, const TestOptions& options) : session_(session), options_(options) {}

  TestOutcome run(const typed::Test& declared) {
    TestOutcome outcome{.name = declared.name, .domain = declared.domain};
    Prepared& prepared = prepare(declared);
    if (!prepared.findings.empty()) {
      outcome.findings = prepared.findings;
      outcome.passed = false;
      return outcome;
    }
    // The same test, checked with its own params.
    const typed::Test* test = nullptr;
    for (const typed::Test& each : prepared.project.tests)
      if (each.span == declared.span) test = &each;
    BRAID_CHECK(test != nullptr, "a test that vanishes with its params");
    const std::vector<typed::RelationId> products = expected_products(*test);
    if (products.empty()) return outcome;
    Prepared::Programs& programs = compiled(prepared, products);
    const PlayContext context{prepared.project, folder(test->span.file)};

    auto attempt = [&](driver::Compiled& compiled, const Arrival& arrival, const std::string& change) {
      if (!outcome.passed) return;
      ++outcome.runs;
      const auto played = play(*test, compiled.program(), context, arrival);
      if (!played.ok()) {
        Reporter reporter;
        reporter
            .report(diag::FunctionFailed{.function = "test", .reason = played.error().message, .values = test->name})
            .at(test->span);
        outcome.findings = reporter.take_sorted();
        outcome.passed = false;
        return;
      }
      if (!played->has_value()) return;
      const Mismatch& mismatch = **played;
      Reporter reporter;
      if (change.empty()) {
        DiagnosticBuilder failed = reporter.report(diag::ExpectationFailed{.relation = mismatch.relation});
        failed.at(mismatch.span, "").note("in test \"" + test->name + "\":\n" + mismatch.difference);
        const std::string waits = waiting_for(*test, compiled.program(), context, mismatch);
        if (!waits.empty()) failed.note(waits);
      } else {
        reporter.report(diag::ResultVaries{.relation = mismatch.relation, .change = change})
            .at(mismatch.span, "")
            .note("in test \"" + test->name + "\":\n" + mismatch.difference);
      }
      outcome.findings = reporter.take_sorted();
      outcome.passed = false;
    };

    attempt(programs.optimized, {}, "");
    if (!options_.variants) return outcome;
    attempt(programs.optimized, {.row_by_row = true, .restarts = 1}, "when the job restarts between rows");
    attempt(programs.plain, {}, "without optimisation");
    attempt(programs.optimized, {.workers = 4}, "on four workers");
    if (can_permute(*test, prepared.project))
      for (uint64_t seed = 1; seed <= kPermutations; ++seed)
        attempt(programs.optimized, {.permutation = seed}, "when rows arrive in another order");
    if (options_.native && outcome.passed && !programs.no_native) {
      if (!programs.native) {
        programs.native = compile(prepared, products, {});
        programs.no_native = !use_native_code(*programs.native, {.optimisation = 1}).ok();
      }
      if (!programs.no_native) attempt(*programs.native, {}, "on native code");
    }
    return outcome;
  }

  TestOutcome run(const typed::FunctionExampleCheck& example) {
    TestOutcome outcome{.name = "example of " + example.function, .runs = 1};
    const auto value = interpret::evaluate_constant(*example.condition);
    if (value && value->boolean()) return outcome;
    Reporter reporter;
    reporter.report(diag::ExampleFailed{.function = example.function, .found = value ? "false" : "a failure"})
        .at(example.span);
    outcome.findings = reporter.take_sorted();
    outcome.passed = false;
    return outcome;
  }

 private:
  std::string folder(uint32_t file) const {
    return std::filesystem::path(session_.sources().file(file).path).parent_path().string();
  }

  Prepared& prepare(const typed::Test& test) {
    std::map<std::string, std::string> parameters;
    for (const auto& [name, value] : test.parameters) {
      for (const typed::Parameter& parameter : session_.project().parameters)
        if (parameter.name == name && parameter.domain == test.domain)
          parameters[test.domain + "." + name] = to_literal(parameter.type, value);
    }
    auto& prepared = prepared_[parameters];
    if (prepared) return *prepared;
    prepared = std::make_unique<Prepared>();
    Reporter reporter;
    prepared->project = session_.check_with(parameters, reporter);
    if (reporter.has_errors()) prepared->findings = reporter.take_sorted();
    take_deletes(prepared->project);
    return *prepared;
  }

  Prepared::Programs& compiled(Prepared& prepared, const std::vector<typed::RelationId>& products) {
    auto& programs = prepared.programs[products];
    if (programs) return *programs;
    programs = std::make_unique<Prepared::Programs>();
    optimize::Options without;
    for (const optimize::PassDescription& pass : optimize::passes()) without.disabled.emplace(pass.name);
    programs->optimized = compile(prepared, products, {});
    programs->plain = compile(prepared, products, without);
    return *programs;
  }

  driver::Compiled compile(const Prepared& prepared, const std::vector<typed::RelationId>& products,
                           const optimize::Options& optimizer) const {
    driver::Compiled made = driver::compile(prepared.project, products, optimizer, system_clock());
    driver::name_places(made.program(), session_.sources(), session_.files().root);
    for (SourceSpec& source : made.program().sources) source.binding = {.kind = "inline", .format = "json"};
    return made;
  }

  const Session& session_;
  const TestOptions& options_;
  std::map<std::map<std::string, std::string>, std::unique_ptr<Prepared>> prepared_;
};

}  // namespace

std::vector<TestOutcome> run_tests(const Session& session, const TestOptions& options,
                                   const std::function<void(const TestOutcome&)>& done) {
  Runner runner(session, options);
  std::vector<TestOutcome> outcomes;
  auto chosen = [&](const std::string& name, Span span) {
    return session.is_chosen(span.file) && (options.only.empty() || name.find(options.only) != std::string::npos);
  };
  for (const typed::FunctionExampleCheck& example : session.project().examples) {
    if (!chosen("example of " + example.function, example.span)) continue;
    outcomes.push_back(runner.run(example));
    done(outcomes.back());
  }
  for (const typed::Test& test : session.project().tests) {
    if (!chosen(test.name, test.span)) continue;
    outcomes.push_back(runner.run(test));
    done(outcomes.back());
  }
  return outcomes;
}

}  // namespace braid::cli
