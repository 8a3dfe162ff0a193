// The demo's own buttons: sign in to the comment section as one of its invented readers.

for (const button of document.querySelectorAll("button[data-email]")) {
  button.addEventListener("click", async () => {
    const section = document.querySelector("vorab-comments");
    button.disabled = true;
    try {
      await section.signIn(button.dataset.email, button.dataset.password);
      section.scrollIntoView();
    } finally {
      button.disabled = false;
    }
  });
}
