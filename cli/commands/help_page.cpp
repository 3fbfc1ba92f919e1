#include <charconv>
#include <cstdio>

#include "cli/commands/command.h"
#include "cli/commands/error_pages.h"

namespace braid::cli {
namespace {

/// Markdown as a terminal reads it: headings bold, code blocks indented, fences gone.
std::string plain(std::string_view page, bool color) {
  std::string text;
  bool in_code = false;
  while (!page.empty()) {
    const size_t end = std::min(page.find('\n'), page.size());
    std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.starts_with("```")) {
      in_code = !in_code;
      continue;
    }
    if (in_code) {
      text += line.empty() ? "\n" : "    " + std::string(line) + "\n";
    } else if (line.starts_with("#")) {
      line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
      text += (color ? "\x1b[1m" : "") + std::string(line) + (color ? "\x1b[0m" : "") + "\n";
    } else {
      text += std::string(line) + "\n";
    }
  }
  return text;
}

}  // namespace

void add_help(CLI::App& app, CommandContext& context) {
  auto code = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("help", "Explains a code: what it means, an example, and the fix");
  command->add_option("code", *code, "E2107 or 2107")->required();
  command->callback([code, &context] {
    std::string_view digits = *code;
    if (!digits.empty() && std::string_view("EeWw").find(digits.front()) != std::string_view::npos)
      digits.remove_prefix(1);
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    for (const ErrorPage& page : error_pages()) {
      if (page.code != number) continue;
      std::fputs(plain(page.text, context.console.color_out).c_str(), stdout);
      return;
    }
    Reporter reporter;
    reporter.report(diag::UnknownCode{.code = *code}).note("codes look like E2107; each finding shows its own");
    show_findings(reporter.take_sorted(), SourceSet(), context.console, FindingFormat::text);
    context.exit_code = kUsage;
  });
}

}  // namespace braid::cli
