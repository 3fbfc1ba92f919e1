// The examples of docs/errors for rows: script, records, and what is printed. BRAID_UPDATE=1 writes what is printed.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "runtime/report/diagnostic.h"
#include "tests/reasons/failing_script.h"

namespace braid::reasons {
namespace {

std::string page_path(int code) {
  return fmt::format("{}/docs/errors/E{}.md", BRAID_SOURCE_DIR, code);
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Where the text of the first block of a language stands in the page.
struct Block {
  size_t begin = 0, size = 0;
  std::string of(const std::string& page) const { return page.substr(begin, size); }
};

std::optional<Block> block(const std::string& page, const std::string& language) {
  const std::string open = "\n```" + language + "\n";
  const size_t at = page.find(open);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + open.size();
  return Block{begin, page.find("```", begin) - begin};
}

std::string printed(const ErrorRow& row) {
  const std::string what = row.expression.empty() ? row.step : row.expression;
  return fmt::format("{} {}\n  by {}  ({}{})\n", row.code, row.reason, row.span,
                     row.output.empty() ? "" : row.output + ": ", what);
}

TEST(Pages, ShowWhatIsPrinted) {
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.code < 6100 || entry.code >= 6400) continue;
    if (entry.code == diag::NullKey::kCode) continue;  // no row gets it
    SCOPED_TRACE(page_path(entry.code));
    std::string page = read(page_path(entry.code));
    const auto script_text = block(page, "braid"), records = block(page, "json"), text = block(page, "text");
    ASSERT_TRUE(script_text && records && text) << "an example is a script, records, and what is printed";
    const FailingScript script(script_text->of(page));
    const std::vector<ErrorRow> rows = script.run({{"shop.order", records->of(page)}});
    ASSERT_EQ(rows.size(), 1u);
    check_row(script, rows[0]);
    EXPECT_EQ(rows[0].code, fmt::format("E{}", entry.code));
    if (std::getenv("BRAID_UPDATE") != nullptr) {
      page.replace(text->begin, text->size, printed(rows[0]));
      std::ofstream(page_path(entry.code), std::ios::binary) << page;
    }
    EXPECT_EQ(block(page, "text")->of(page), printed(rows[0]));
  }
}

}  // namespace
}  // namespace braid::reasons
