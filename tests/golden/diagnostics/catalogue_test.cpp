// The catalogue: its wording, and a page for each code with the sections that a reader looks for.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

const std::string kPages = std::string(BRAID_SOURCE_DIR) + "/docs/errors";

std::string page_name(int code) {
  return fmt::format("E{:04}.md", code);
}

std::string page_text(const std::string& name) {
  std::ifstream file(kPages + "/" + name, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Text from the heading on, up to the next one.
std::string section(const std::string& page, const std::string& heading) {
  const size_t at = page.find("\n## " + heading + "\n");
  if (at == std::string::npos) return "";
  const size_t end = page.find("\n## ", at + 1);
  return page.substr(at, end == std::string::npos ? end : end - at);
}

TEST(Catalogue, NumbersAndNamesAreUnique) {
  const std::vector<CatalogueEntry>& entries = catalogue();
  for (size_t i = 1; i < entries.size(); ++i) EXPECT_NE(entries[i - 1].code, entries[i].code);
  for (const CatalogueEntry& a : entries) {
    EXPECT_GE(a.code, 1000);
    EXPECT_LE(a.code, 9999);
    EXPECT_EQ(std::count_if(entries.begin(), entries.end(), [&](const auto& b) { return a.name == b.name; }), 1)
        << a.name;
  }
}

TEST(Catalogue, MessagesAreWordedAlike) {
  for (const CatalogueEntry& entry : catalogue()) {
    const std::string_view message = entry.message;
    ASSERT_FALSE(message.empty()) << entry.name;
    EXPECT_FALSE(message[0] >= 'A' && message[0] <= 'Z' && !message.starts_with("Braid "))
        << entry.code << " begins with a capital: " << message;
    EXPECT_NE(message.back(), '.') << entry.code << " ends with a full stop: " << message;
    EXPECT_EQ(message.find("nvalid"), std::string_view::npos)
        << entry.code << " says what is wrong instead: " << message;
    EXPECT_EQ(message.find("  "), std::string_view::npos) << entry.code << ": " << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '`') % 2, 0) << entry.code << " backticks: " << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '{'), std::count(message.begin(), message.end(), '}'));
    EXPECT_LE(message.size(), 110u) << entry.code << " is long: " << message;
  }
}

TEST(Catalogue, EveryCodeHasAPage) {
  for (const CatalogueEntry& entry : catalogue()) {
    const std::string name = page_name(entry.code);
    const std::string page = page_text(name);
    ASSERT_FALSE(page.empty()) << "no page docs/errors/" << name << " for " << entry.name;
    EXPECT_TRUE(page.starts_with(fmt::format("# E{:04}: ", entry.code))) << name;
    EXPECT_GT(section(page, "Why").size(), 60u) << name << " has no `## Why`";
    const std::string example = section(page, "Example");
    const std::string fix = section(page, "Fix");
    EXPECT_FALSE(example.empty()) << name << " has no `## Example`";
    EXPECT_FALSE(fix.empty()) << name << " has no `## Fix`";
    constexpr int kCheckStops = 5119;  // of a contract, and said while a job runs
    if (entry.code >= 6000 || entry.code == kCheckStops) continue;
    EXPECT_NE(example.find("```braid"), std::string::npos) << name << ": the example is a script";
    EXPECT_NE(fix.find("```braid\n"), std::string::npos) << name << ": the fix is a script";
  }
}

TEST(Catalogue, EveryPageHasACodeAndStandsInTheList) {
  const std::string list = page_text("README.md");
  size_t pages = 0;
  for (const auto& file : std::filesystem::directory_iterator(kPages)) {
    const std::string name = file.path().filename().string();
    if (name == "README.md") continue;
    ++pages;
    ASSERT_EQ(name.size(), 8u) << name;
    EXPECT_NE(find_catalogue_entry(std::stoi(name.substr(1, 4))), nullptr) << name << " belongs to no code";
    EXPECT_NE(list.find("(" + name + ")"), std::string::npos) << "README.md does not list " << name;
  }
  EXPECT_EQ(pages, catalogue().size());
  for (const CatalogueEntry& entry : catalogue())
    EXPECT_NE(list.find(fmt::format("| {} |", entry.message)), std::string::npos)
        << "README.md has another message for " << entry.code << ": " << entry.message;
}

}  // namespace
}  // namespace braid
