"""End to end: an empty library on a first visit, files and hostile articles going in, versions, health."""

import json

import local_web
import pytest
from chat_server import PATIENCE, Visit, file, serving

HOSTILE = {
    "title": '<script>window.alarmed = true</script><img src=x onerror="window.alarmed = true"> '
    "${window.alarmed = true} {{constructor}}",
    "outlet": "\u202egnitnirP\u202c & <b>Sons</b>",
    "author": "javascript:window.alarmed=true",
    "url": "javascript:window.alarmed=true",
    "published": "2024-03-05",
    "text": (
        "The ferry <script>window.alarmed = true</script> to Skarholm was renamed Gudrun by mayor Odd Berntsen.\n\n"
        '<img src=x onerror="window.alarmed = true"> [click](javascript:window.alarmed=true) '
        "**The ferry Gudrun carries 214 passengers** ${window.alarmed = true} {{#each this}}x{{/each}}.\n\n"
        "# Not a heading, said Berntsen of the ferry's \u202edneirf\u202c name."
    ),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("empty") / "library", "--empty", "--allow-private") as address:
        yield address


@pytest.fixture(scope="module")
def someone(browser, address):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield Visit(context, address)
    context.close()


def dropped(someone, *files):
    """Drop files in the Library tab and wait for the report."""
    someone.tab("Library")
    someone.forget_work()
    someone.page.locator("#files input[type=file]").set_input_files(list(files))
    return someone.worked()


def test_a_first_visit_offers_the_seeds_and_they_can_be_asked(someone):
    start = someone.page.locator(".start")
    assert "Nothing to read yet" in start.inner_text()
    someone.box.fill("What did Lankford say?")
    someone.box.press("Enter")
    someone.page.wait_for_selector("#live .ended")
    assert "library is empty" in someone.page.locator("#live .ended").inner_text()
    someone.open("/")
    someone.page.get_by_role("button", name="Load the seed articles").click()
    someone.page.wait_for_selector(".suggested button")
    question = someone.page.locator(".suggested button").first
    text = question.inner_text()
    question.click()
    someone.settled()
    assert someone.last.locator(".question").inner_text() == text


def test_an_uploaded_file_can_be_asked_about_and_what_cannot_be_read_is_said(someone):
    report = dropped(
        someone,
        file("ferry.txt", "The harbour council chose Tove Lindqvist as pilot of the new ferry on Monday."),
        file("../../etc/passwd.txt", "The lighthouse at Varberg was sold to Ivar Holmgren for nine crowns."),
        file("broken.pdf", "this is no pdf"),
    )
    assert "2 added" in report and "1 skipped" in report and "broken" in report
    someone.tab("Ask")
    someone.page.get_by_role("button", name="New conversation").click()
    someone.page.wait_for_selector(".start")
    answer = someone.ask("Who was chosen as pilot of the new ferry?")
    assert "Tove Lindqvist" in answer.inner_text()
    assert "Tove Lindqvist" in someone.cite(1)


def test_the_table_searches_sorts_views_removes_and_puts_back(someone):
    someone.tab("Library")
    someone.page.wait_for_selector("#shelf table")
    assert someone.page.locator("#shelf tbody tr").count() == 5
    someone.page.get_by_label("Search", exact=True).fill("lighthouse")
    someone.page.wait_for_function("document.querySelectorAll('#shelf tbody tr').length === 1")
    someone.page.locator("#shelf .title button").click()
    someone.page.wait_for_selector("#viewed .pane")
    assert "Ivar Holmgren" in someone.page.locator("#viewed .text").inner_text()
    someone.page.locator("#viewed .close").click()
    someone.page.locator("#shelf .sure summary").click()
    someone.forget_work()
    someone.page.get_by_role("button", name="Remove it").click()
    assert "1 removed" in someone.worked()
    someone.page.wait_for_selector("#shelf .empty")
    someone.page.locator("#shelf .removed summary").click()
    someone.forget_work()
    someone.page.get_by_role("button", name="Add again").click()
    assert "1 added" in someone.worked()
    someone.page.get_by_label("Search", exact=True).fill("")
    someone.page.wait_for_function("document.querySelectorAll('#shelf tbody tr').length === 5")
    someone.page.get_by_role("button", name="Title").click()
    someone.page.wait_for_selector("#shelf th[aria-sort=ascending]")
    titles = someone.page.locator("#shelf .title button").all_inner_texts()
    assert titles == sorted(titles, key=str.casefold)


def test_rolling_back_takes_an_article_out_and_old_answers_keep_their_source(someone):
    someone.tab("Library")
    rows = someone.page.locator("#versions tbody tr")
    assert rows.first.inner_text().endswith("in use")
    someone.page.get_by_role("button", name="Use version 1", exact=True).click()
    someone.page.wait_for_function("document.querySelectorAll('#shelf tbody tr').length === 3")
    someone.tab("Ask")
    someone.page.locator("#conversations .pick", has_text="pilot of the new ferry").first.click()
    someone.page.wait_for_selector(".turn[data-answer]")
    assert "Tove Lindqvist" in someone.cite(1)
    assert "no longer in the library" in someone.page.locator("#article").inner_text()
    assert someone.ask("Who was chosen as pilot of the new ferry?").locator(".refused").count() == 1
    someone.tab("Library")
    latest = someone.page.locator("#versions tbody tr").first.get_by_role("button")
    latest.click()
    someone.page.wait_for_function("document.querySelectorAll('#shelf tbody tr').length === 5")


def test_health_is_checked_while_the_library_is_in_use(someone):
    someone.tab("Library")
    someone.page.get_by_role("button", name="Check health").click()
    someone.page.wait_for_selector("#work :text('Healthy')")


def test_hostile_articles_are_only_text(someone):
    name = '<img src=x onerror="window.alarmed = true">.jsonl'
    report = dropped(
        someone,
        {"name": name, "mimeType": "application/json", "buffer": json.dumps(HOSTILE).encode()},
    )
    assert "1 added" in report
    someone.page.get_by_label("Search", exact=True).fill("constructor")
    someone.page.wait_for_function("document.querySelectorAll('#shelf tbody tr').length === 1")
    row = someone.page.locator("#shelf tbody tr").inner_text()
    assert "<script>" in row and "\u202e" not in row
    someone.page.get_by_label("Search", exact=True).fill("")
    someone.tab("Ask")
    someone.page.get_by_role("button", name="New conversation").click()
    someone.page.wait_for_selector(".start")
    answer = someone.ask(
        'How many passengers does the <b>ferry</b> Gudrun carry? <img src=x onerror="window.alarmed=true">'
    )
    assert answer.locator(".question").inner_text().startswith("How many passengers does the <b>ferry</b>")
    answer.locator(".sources button, .cards button").first.click()
    someone.page.wait_for_selector("#article .pane")
    pane = someone.page.locator("#article")
    assert "<script>window.alarmed = true</script>" in pane.inner_text()
    assert "**The ferry Gudrun carries 214 passengers** ${window.alarmed = true} {{#each this}}" in pane.inner_text()
    assert pane.locator("script, img, a").count() == 0
    assert someone.page.evaluate("window.alarmed") is None
    assert not someone.errors


def test_inline_scripts_are_refused_by_the_policy_too(someone):
    someone.page.evaluate(
        """() => new Promise(done => { const e = document.createElement('div');
        document.addEventListener('securitypolicyviolation', done, { once: true });
        e.innerHTML = '<img src="data:," onerror="window.alarmed = true">'; document.body.append(e); })"""
    )
    assert someone.page.evaluate("window.alarmed") is None


def test_a_paragraph_of_two_million_letters(someone):
    # Rules of a printed table: as long as it gets, yet few passages to encode.
    rules = ("-" * 390 + " ") * 5_100
    assert len(rules) > 1_990_000
    assert "1 added" in dropped(someone, file("gulls.txt", rules + "The warden's dog is called Bamse."))
    someone.tab("Ask")
    someone.page.get_by_role("button", name="New conversation").click()
    someone.page.wait_for_selector(".start")
    answer = someone.ask("What is the warden's dog called?")
    answer.locator(".sources button, .cards button").first.click()
    someone.page.wait_for_selector("#article .pane")
    shown = someone.page.locator("#article .text").inner_text()
    assert len(shown) < 60_000
    assert "Earlier in this article" in shown or "Later in this article" in shown


def test_building_never_blocks_asking(someone, browser, address):
    sentences = [f"Entry {n}: the clerk of parish {n} recorded {n * 7} barrels of herring." for n in range(1200)]
    articles = "\n".join(
        json.dumps({"title": f"Parish roll {n}", "text": " ".join(sentences[n * 20 : n * 20 + 20])}) for n in range(60)
    )
    context = browser.new_context()
    other = Visit(context, address)
    someone.tab("Library")
    someone.forget_work()
    someone.page.locator("#files input[type=file]").set_input_files([file("rolls.jsonl", articles)])
    someone.page.wait_for_selector("#work [data-running=true]")
    answer = other.ask("What did Lankford say about the majority?")
    assert "narrow majority" in answer.inner_text()
    assert someone.page.locator("#work [data-running=true]").count() == 1, "it was asked during the build"
    context.close()
    assert "60 added" in someone.worked()


def test_a_pasted_address_becomes_an_article_that_is_removed_and_put_back(someone):
    web = local_web.start()
    web.pages["/lighthouse"] = """<html><head><title>Lighthouse keeper retires</title>
        <meta property="og:site_name" content="Kustposten"></head><body><article><h1>Lighthouse keeper retires</h1>
        <p>Ragnhild Bakke, keeper of the Torsvik lighthouse, will retire in June after thirty-one years on the rock.</p>
        <p>Her successor at the Torsvik lighthouse is to be the former whaler Per Dahl, the pilot board decided.</p>
        </article></body></html>"""
    question = "Who is to be the successor at the Torsvik lighthouse?"

    def asked():
        someone.tab("Ask")
        someone.page.get_by_role("button", name="New conversation").click()
        someone.page.wait_for_selector(".start")
        return someone.ask(question)

    someone.tab("Library")
    someone.forget_work()
    someone.page.get_by_label("Or paste the address").fill(web.url + "/lighthouse")
    someone.page.get_by_role("button", name="Add", exact=True).click()
    assert "1 added" in someone.worked()
    assert "Per Dahl" in asked().inner_text()
    assert "Per Dahl" in someone.cite(1)
    link = someone.page.locator("#article .facts a")
    assert link.get_attribute("href") == web.url + "/lighthouse"
    assert link.get_attribute("rel") == "noopener noreferrer"

    someone.tab("Library")
    row = someone.page.locator("#shelf tbody tr", has_text="Lighthouse keeper retires")
    row.locator(".sure summary").click()
    someone.forget_work()
    row.get_by_role("button", name="Remove it").click()
    assert "1 removed" in someone.worked()
    row.wait_for(state="detached")
    assert "Per Dahl" not in asked().inner_text()

    someone.tab("Library")
    someone.page.locator("#shelf .removed summary").click()
    someone.forget_work()
    removed = someone.page.locator("#shelf .removed li", has_text="keeper retires")
    removed.get_by_role("button", name="Add again").click()
    assert "1 added" in someone.worked()
    assert "Per Dahl" in asked().inner_text()
    assert "Per Dahl" in someone.cite(1)
    web.server.shutdown()
