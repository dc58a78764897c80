"""What each tab of the page does; knows nothing of gradio."""
