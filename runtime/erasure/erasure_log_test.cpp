#include "runtime/erasure/erasure_log.h"

#include <gtest/gtest.h>

#include "runtime/base/sim_fs.h"
#include "runtime/erasure/erasure_note.h"

namespace braid {
namespace {

TEST(ErasureLog, is_read_as_it_was_written) {
  SimFs fs(1);
  ASSERT_TRUE(fs.make_directories("/store").ok());
  EXPECT_TRUE(ErasureLog::read(fs, "/store")->subjects.empty());
  ErasureLog log{.salt = "5a17", .subjects = {}};
  const SubjectKey key{{"id", "42"}, {"region", "\"eu\""}};
  log.subjects.push_back({.source = "shop.customer",
                          .fields = {"id", "region"},
                          .hash = log.hash_of("shop.customer", key),
                          .time_us = 7,
                          .because = "a\tticket\nof ours"});
  log.subjects.push_back({.source = "shop.customer",
                          .fields = {},
                          .hash = log.hash_of_record("shop.customer", "{\"id\":4"),
                          .time_us = 8,
                          .because = {},
                          .done = true});
  ASSERT_TRUE(log.write(fs, "/store").ok());
  const Result<ErasureLog> read = ErasureLog::read(fs, "/store");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->subjects.size(), 2u);
  EXPECT_EQ(read->salt, "5a17");
  EXPECT_EQ(read->subjects[0].fields, (std::vector<std::string>{"id", "region"}));
  EXPECT_EQ(read->subjects[0].hash, log.subjects[0].hash);
  EXPECT_EQ(read->subjects[0].because, "a ticket of ours");
  EXPECT_FALSE(read->subjects[0].done);
  EXPECT_TRUE(read->subjects[1].fields.empty());
  EXPECT_TRUE(read->subjects[1].done);
}

TEST(ErasureLog, a_damaged_file_is_an_error) {
  SimFs fs(1);
  ASSERT_TRUE(fs.make_directories("/store").ok());
  for (const char* text : {"", "braid erasures 2\nsalt a\n", "braid erasures 1\nsalt a\nopen\t1\n"}) {
    ASSERT_TRUE(fs.write_file("/store/erasures", text).ok());
    const Result<ErasureLog> read = ErasureLog::read(fs, "/store");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, 8002);
  }
}

TEST(ErasureLog, hashes_tell_subjects_apart) {
  const ErasureLog log{.salt = "a", .subjects = {}}, other{.salt = "b", .subjects = {}};
  const std::string hash = log.hash_of("d.s", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(hash, log.hash_of("d.s", {{"a", "1"}, {"b", "2"}}));
  EXPECT_NE(hash, other.hash_of("d.s", {{"a", "1"}, {"b", "2"}}));
  EXPECT_NE(hash, log.hash_of("d.t", {{"a", "1"}, {"b", "2"}}));
  EXPECT_NE(hash, log.hash_of("d.s", {{"a", "1\nb=1:2"}}));
  EXPECT_NE(log.hash_of_record("d.s", "x"), log.hash_of_record("d.t", "x"));
}

TEST(ErasureLog, values_of_a_key_are_written_in_one_way) {
  EXPECT_EQ(*key_value(int_type(), "042"), "42");
  EXPECT_EQ(*key_value(string_type(), "a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(*key_value(uuid_type(), "00000000-0000-0000-0000-0000000000AB"),
            "\"00000000-0000-0000-0000-0000000000ab\"");
  EXPECT_EQ(*key_value(enum_type({"eu", "us"}), "us"), "\"us\"");
  EXPECT_FALSE(key_value(int_type(), "forty").ok());
  EXPECT_FALSE(key_value(int_type(), "4 ").ok());
  EXPECT_FALSE(key_value(enum_type({"eu", "us"}), "uk").ok());
  EXPECT_FALSE(key_value(float_type(), "1").ok());
}

TEST(ErasureLog, words_are_found_as_a_whole) {
  EXPECT_TRUE(has_as_word("{\"id\":\"anna\",", "anna"));
  EXPECT_TRUE(has_as_word("anna", "anna"));
  EXPECT_TRUE(has_as_word("johanna;anna", "anna"));
  EXPECT_FALSE(has_as_word("johanna", "anna"));
  EXPECT_FALSE(has_as_word("annabel", "anna"));
  EXPECT_FALSE(has_as_word("", "anna"));
}

TEST(ErasureNotes, AreReadBack) {
  ErasureNote note{.outputs = 0x1234, .log = {.salt = "salt", .subjects = {}}};
  note.log.subjects.push_back({.source = "shop.payment",
                               .fields = {"customer_id"},
                               .hash = note.log.hash_of("shop.payment", {{"customer_id", "42"}}),
                               .time_us = 7,
                               .because = "ticket 12",
                               .done = true});
  const Result<ErasureNote> read = ErasureNote::decode(note.encode());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->outputs, note.outputs);
  EXPECT_EQ(read->log.to_text(), note.log.to_text());
  EXPECT_EQ(read->encode(), note.encode());
  for (const std::string& broken : {std::string(), std::string("0000000000001234"), note.encode().substr(1)})
    EXPECT_FALSE(ErasureNote::decode(broken).ok());
}

}  // namespace
}  // namespace braid
