#include "compiler/driver/compile.h"

#include <algorithm>

#include "compiler/check/check.h"
#include "compiler/interpret/interpret.h"
#include "compiler/parse/parse.h"
#include "runtime/report/short_text.h"

namespace braid::driver {

std::vector<std::unique_ptr<ast::Script>> parse_scripts(const SourceSet& sources, Reporter& reporter, uint32_t first) {
  std::vector<std::unique_ptr<ast::Script>> scripts;
  for (uint32_t file = first; file < sources.size(); ++file)
    if (sources.file(file).path.ends_with(".braid"))
      scripts.push_back(std::make_unique<ast::Script>(parse(sources, file, reporter)));
  return scripts;
}

typed::Project check_scripts(const std::vector<std::unique_ptr<ast::Script>>& scripts, const SourceSet& sources,
                             const Language& language, const std::map<std::string, std::string>& parameters,
                             const std::vector<uint32_t>& run_files, Reporter& reporter,
                             const std::optional<std::vector<std::string>>& labels, uint32_t first_interface) {
  CheckInput input{.scripts = {}, .sources = sources, .functions = language.functions};
  for (const auto& script : scripts) input.scripts.push_back(script.get());
  input.parameter_overrides = parameters;
  input.knows_zone = language.knows_zone;
  input.zone_names = language.zone_names;
  input.pattern_fault = language.pattern_fault;
  input.run_files = run_files;
  if (language.now_us) input.now_us = language.now_us();
  input.labels = labels;
  input.first_interface = first_interface;
  return check(input, reporter);
}

Compiled compile(const typed::Project& project, const std::vector<typed::RelationId>& products,
                 const optimize::Options& options, Clock& clock, plan::PutOut put_out) {
  Compiled made;
  int64_t begin = clock.steady_us();
  auto stage = [&](std::string name) {
    const int64_t now = clock.steady_us();
    made.times.push_back({std::move(name), now - begin});
    begin = now;
  };
  made.checked = plan::build(project, products, put_out);
  stage("plan");
  made.optimized = optimize::optimize(made.checked, project, options, clock);
  stage("optimize");
  made.physical = plan::lower(made.optimized.plan, project, made.optimized.lowering);
  stage("lower");
  made.call_sites = std::make_shared<typed::CallSites>();
  Program& program = made.physical.program;
  for (size_t i = 0; i < made.physical.kernels.size(); ++i) {
    auto kernel = interpret::interpret(made.physical.kernels[i], *made.call_sites);
    KernelSlot& slot = plan::kernel_slot(program, made.physical.places[i]);
    slot.set(kernel.get());
    slot.set_explainer(kernel.get());
    program.kernels.push_back(std::move(kernel));
  }
  program.cache_count = made.call_sites->count();
  program.free_caches = made.call_sites->free_functions();
  stage("interpret");
  return made;
}

namespace {

/// Where the lines of a file begin, to look many places up.
class Lines {
 public:
  explicit Lines(const SourceFile& file) : file_(file) {
    for (size_t at = file.text.find('\n'); at != std::string::npos; at = file.text.find('\n', at + 1))
      begins_.push_back(static_cast<uint32_t>(at) + 1);
  }
  LineColumn position(uint32_t offset) const {
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), offset);
    LineColumn at{.line = static_cast<uint32_t>(next - begins_.begin())};
    for (uint32_t i = *(next - 1); i < offset; ++i)
      at.column += (static_cast<unsigned char>(file_.text[i]) & 0xC0) != 0x80;
    return at;
  }

 private:
  const SourceFile& file_;
  std::vector<uint32_t> begins_{0};
};

/// On one line, not longer than it is shown.
std::string shown_text(std::string_view written) {
  std::string text;
  for (const char c : written) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (blank && (text.empty() || text.back() == ' ')) continue;
    text += blank ? ' ' : c;
  }
  return shortened(text, kShownExpression);
}

}  // namespace

void name_places(Program& program, const SourceSet& sources, const std::string& root) {
  std::map<uint32_t, Lines> files;
  auto place_of = [&](Span span) {
    const SourceFile& file = sources.file(span.file);
    const LineColumn at = files.try_emplace(span.file, file).first->second.position(span.begin);
    const bool below = !root.empty() && file.path.starts_with(root + "/");
    return fmt::format("{}:{}:{}", below ? file.path.substr(root.size() + 1) : file.path, at.line, at.column);
  };
  for (Site& site : program.sites)
    if (site.span.file < sources.size()) site.place = place_of(site.span);
  for (FallibleExpression& expression : program.expressions) {
    expression.place = place_of(expression.span);
    expression.text = shown_text(sources.text(expression.span));
    expression.call_places.clear();
    for (const Span call : expression.calls)
      expression.call_places.push_back(place_of(call) + " " + shown_text(sources.text(call)));
  }
}

std::vector<typed::RelationId> products_of(const typed::Project& project, const std::vector<uint32_t>& only_files) {
  std::vector<typed::RelationId> products;
  for (size_t id = 0; id < project.relations.size(); ++id) {
    const typed::Relation& relation = project.relations[id];
    if (relation.kind != typed::RelationKind::product) continue;
    const bool wanted =
        only_files.empty() || std::find(only_files.begin(), only_files.end(), relation.span.file) != only_files.end();
    if (wanted) products.push_back(static_cast<typed::RelationId>(id));
  }
  return products;
}

}  // namespace braid::driver
